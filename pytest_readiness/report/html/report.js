"use strict";
(() => {
  const root = document.querySelector(".readiness");
  const form = root.querySelector(".finder");
  const all = (selector, within = root) => [...within.querySelectorAll(selector)];
  const sections = all(".section").map((element) => ({
    element,
    name: element.dataset.section,
    groups: all(".group", element).reverse(),
    open: element.open,
  }));
  const items = sections.flatMap((section) => all(".item", section.element).map((element) => ({
    element,
    section,
    state: element.dataset.state,
    kind: element.dataset.kind,
    severity: element.dataset.severity,
    resources: element.dataset.resources.split("\n"),
    text: "",
  })));
  let at = "";

  const chosen = (name) => all(`[name=${name}]:checked`, form).map((box) => box.value);
  const wanted = () => ({
    q: form.q.value.trim(),
    section: form.section.value,
    resource: form.resource.value,
    kind: form.kind.value,
    state: chosen("state"),
    severity: chosen("severity"),
  });

  const show = () => {
    const filter = wanted();
    const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
    const filtering = Object.values(filter).some((value) => value.length);
    let shown = 0;
    const kept = new Set();
    for (const item of items) {
      if (words.length && !item.text) item.text = item.element.textContent.toLowerCase();
      const fits = (!filter.section || item.section.name === filter.section)
        && (!filter.resource || item.resources.includes(filter.resource))
        && (!filter.kind || item.kind === filter.kind)
        && (!filter.state.length || filter.state.includes(item.state))
        && (!filter.severity.length || filter.severity.includes(item.severity))
        && words.every((word) => item.text.includes(word));
      item.element.hidden = !fits;
      if (fits) {
        shown += 1;
        kept.add(item.section);
      }
    }
    for (const section of sections) {
      section.element.hidden = !kept.has(section);
      section.element.open = filtering ? kept.has(section) : section.open;
      for (const group of section.groups) {
        group.hidden = !group.querySelector(":scope > .item:not([hidden]), :scope > .group:not([hidden])");
      }
    }
    form.querySelector("output").value = filtering ? `${shown} of ${items.length} items` : `${items.length} items`;
    root.querySelector(".nothing").hidden = shown > 0;
  };

  const keep = () => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(wanted())) {
      if (value.length) parameters.set(name, [value].flat().join(","));
    }
    if (at) parameters.set("at", at);
    const hash = parameters.toString();
    try {
      history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]);
    } catch {
      // A frame that may not write its address still filters.
    }
  };

  const reveal = (id) => {
    const element = document.getElementById(id);
    if (!element || !root.contains(element)) return false;
    if (element.closest(".items [hidden]")) {
      form.reset();
      show();
    }
    for (let each = element; each && each !== root; each = each.parentElement) {
      if (each.matches("details")) each.open = true;
      for (const section of sections) section.open ||= section.element === each;
    }
    element.scrollIntoView();
    (element.matches("details") ? element.querySelector("summary") : element).focus({preventScroll: true});
    return true;
  };

  const take = () => {
    let hash = location.hash.slice(1);
    at = "";
    if (hash && document.getElementById(hash)) {
      at = hash;
      hash = "";
    }
    const parameters = new URLSearchParams(hash);
    form.reset();
    form.q.value = parameters.get("q") || "";
    for (const name of ["section", "resource", "kind"]) {
      const value = parameters.get(name) || "";
      form[name].value = [...form[name].options].some((option) => option.value === value) ? value : "";
    }
    for (const name of ["state", "severity"]) {
      const values = (parameters.get(name) || "").split(",");
      for (const box of all(`[name=${name}]`, form)) box.checked = values.includes(box.value);
    }
    at = at || parameters.get("at") || "";
    show();
    if (at) reveal(at);
  };

  const changed = () => {
    at = "";
    show();
    keep();
  };

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.clear.addEventListener("click", () => {
    form.reset();
    changed();
  });
  for (const name of ["unfold", "fold"]) {
    form[name].addEventListener("click", () => {
      for (const item of items) if (!item.element.hidden) item.element.open = name === "unfold";
    });
  }
  // What a reader folds by hand stays so when a filter is taken away.
  for (const section of sections) {
    section.element.firstElementChild.addEventListener("click", () => {
      section.open = !section.element.open;
    });
  }
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const hash = link.getAttribute("href").slice(1);
    if (link.dataset.filter !== undefined) {
      event.preventDefault();
      history.replaceState(null, "", `#${hash}`);
      take();
      document.getElementById("items").scrollIntoView();
      document.getElementById("items").focus({preventScroll: true});
    } else if (reveal(hash)) {
      event.preventDefault();
      at = hash;
      keep();
    }
  });
  root.addEventListener("toggle", ({target}) => {
    const line = target.open && target.matches(".item") && target.querySelector(".again");
    if (!line || line.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(line.querySelector("code").textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(line.querySelector("code"));
        button.textContent = "Press Ctrl+C";
      }
    });
    line.append(button);
  }, true);
  addEventListener("hashchange", take);

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all(".open-item:not([open]), .section:not([open])");
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
    folded = [];
  });

  // pytest-html's own tables, which its script has filled by then, fold away.
  document.addEventListener("DOMContentLoaded", () => {
    const fold = document.createElement("details");
    fold.className = "raw";
    const empty = document.getElementById("not-found-message") !== null;
    const title = document.createElement("summary");
    title.textContent = empty ? "Environment" : "Other tests, captured output and environment, as pytest saw them";
    fold.append(title);
    for (const [selector, hidden] of [
      [".controls", empty], ["#results-table", empty], ["#environment-header", empty], ["#environment", false],
    ]) {
      const element = document.querySelector(selector);
      if (!element) continue;
      element.hidden = hidden;
      fold.append(element);
    }
    for (const box of fold.querySelectorAll("input[data-test-result]")) {
      box.setAttribute("aria-label", box.dataset.testResult);
    }
    for (const list of fold.querySelectorAll("#environment ul > ul:empty")) list.remove();
    root.append(fold);
    // Its script has rewritten the address, unescaped.
    keep();
  });

  take();
})();
