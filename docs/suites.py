"""Write the pages of the suites that ship, for those who decide on a release, to docs/suites/: `make suites`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from docs.catalogue import anchor, cell, inline, write_pages
from pytest_readiness.checklist.model import Item, Section, family
from pytest_readiness.cli import describe
from pytest_readiness.config.suites import suite_names
from pytest_readiness.core.registry import Check
from pytest_readiness.people.rules import CADENCE_DAYS, SignoffRule
from pytest_readiness.plan.binding import AnyOf, Part, Use
from pytest_readiness.plan.coming import COMING
from pytest_readiness.plan.plan import with_cadence
from pytest_readiness.plan.suites import WAYS, ShippedSuite, Way, path_of, read_suite, total

FOLDER = Path(__file__).parent / "suites"
MADE = "<!-- Made by `make suites` from the suites themselves; what is changed here is lost. -->"

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`<])")
_UNSEEN = re.compile(r"not looked at:|\b(?:is|are) not (?:looked at|seen|asked)\b", re.IGNORECASE)
_TERMS = {days: word for word, days in CADENCE_DAYS.items()}
_LONGEST = 240


def page_of_suite(suite: ShippedSuite) -> str:
    """The page of one suite: what proves each item, and what that leaves open."""
    counts = total(suite.figures().values())
    parts = [
        f"# {inline(suite.checklist.title)}",
        inline(" ".join(suite.purpose.split())),
        f"{counts.total()} items: {_in_words(counts)}. In `readiness.yaml`, it is `suite:{suite.name}`; "
        "[how to begin](index.md#how-to-begin).",
    ]
    for section in suite.checklist.sections:
        parts.append(f"## {inline(path_of(section))}")
        lines = ["| item | what proves it, and what that leaves open |", "| --- | --- |"]
        lines += [
            f"| {' | '.join(map(cell, _row(suite, section, item)))} |" for top in section.items for item in family(top)
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _in_words(counts: Mapping[Way, int]) -> str:
    said = {
        "checks": "by checks alone",
        "in part": "by checks in part, with a person who signs the rest",
        "people": "by people alone",
        "missing": "wait for a [check to come](checks-to-come.md)",
        "not applicable": "do not apply",
        "unbound": "by nothing",
    }
    return ", ".join(f"{counts[way]} {said[way]}" for way in WAYS if counts[way])


def _row(suite: ShippedSuite, section: Section, item: Item) -> tuple[str, str]:
    remark = f" ({item.condition})" if item.condition and item.condition not in item.text else ""
    text = "– " * item.level + inline(item.text) + inline(remark)
    binding = suite.bindings.get(item.id)
    if item.is_group:
        return f"**{text}**", ""
    if reason := (binding and binding.not_applicable) or item.not_applicable:
        return text, f"does not apply: {inline(reason)}"
    if binding is None or binding.proposed:
        return text, "nothing"
    proofs = [*_proofs(binding.checks), *map(_to_come, binding.missing)]
    left = [inline(left_open(use.check)) for use in binding.uses]
    if rule := binding.signoff:
        signs = _signs(with_cadence(rule, item, section), "the rest" if proofs else "")
        (left if proofs else proofs).insert(0, signs)
    return text, "<br>".join([*proofs, *(f"*Open:* {each}" for each in dict.fromkeys(left) if each)])


def _proofs(part: Part | None) -> Iterator[str]:
    if isinstance(part, Use):
        yield _proof(part)
    elif isinstance(part, AnyOf):
        yield f"whichever the target has: {' – or: '.join('; '.join(_proofs(child)) for child in part.parts)}"
    elif part is not None:
        for child in part.parts:
            yield from _proofs(child)


def _proof(use: Use) -> str:
    """The claim of a check, and what it is asked with here."""
    check = use.check
    asked = [f"{name.replace('_', ' ')}: {inline(value)}" for name, value in describe.given(use.check, use.parameters)]
    if use.from_target:
        asked.append(f"the target's `{use.from_target}`")
    if use.on:
        asked.insert(0, f"on `{'`, `'.join(use.on)}`")
    said = f" ({'; '.join(asked)})" if asked else ""
    return f"[{inline(check.title.rstrip('.'))}](../catalogue/{check.domain}.md#{anchor(check.id)}){said}"


def _to_come(claim: str) -> str:
    return f"[no check yet](checks-to-come.md#{claim.partition('.')[0]}): {inline(COMING[claim])}"


def left_open(check: Check) -> str:
    """The sentence in which a check says what it does not look at; "" where it has none."""
    sentences = _SENTENCE.split(" ".join(describe.prose(check).split()))
    found = [each for each in sentences if _UNSEEN.search(each)]
    found = [each for each in found if each.lower().startswith("not looked at")] or found[-1:]
    if not found:
        return ""
    text = found[0]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rpartition(' ')[0].rstrip(',;')} …"


def _signs(rule: SignoffRule, what: str) -> str:
    """Who signs what, and for how long that counts."""
    people = f"{rule.count} of **{rule.role}** sign" if rule.count > 1 else f"**{rule.role}** signs"
    days = rule.valid_days
    said = [f"{people} {what}".rstrip(), "once" if days is None else _TERMS.get(days, f"every {days} days")]
    if rule.per_release:
        said.append("for each release")
    if rule.evidence is not None:
        age = rule.evidence.max_age_days
        said.append("with evidence" + (f" that is at most {age} days old" if age else ""))
    return ", ".join(said)


def page_of_all(suites: Iterable[ShippedSuite]) -> str:
    """The first page: every suite in one line, and how to begin with one."""
    lines = [
        "| suite | for | items | by checks | in part | by people | missing |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for suite in suites:
        counts = total(suite.figures().values())
        numbers = (counts.total(), *(counts[way] for way in ("checks", "in part", "people", "missing")))
        purpose = " ".join(suite.purpose.split("\n\n")[0].split())
        cells = (f"[{suite.name}]({suite.name}.md)", inline(_SENTENCE.split(purpose)[0]), *map(str, numbers))
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n\n".join(["# Suites", _INTRODUCTION, "\n".join(lines), _WAYS, _BEGINNING]) + "\n"


_INTRODUCTION = """\
A suite is a checklist that comes with the plugin, with its [bindings](../bindings.md): what proves each of its items.
Its page says so in words, item by item, for those who decide on a release."""
_WAYS = """\
By checks: a program sees all that the item says. In part: it sees a part, and a person signs the rest. By people: a
person signs it, because no program can know it. Missing: there is [no check yet](checks-to-come.md), so the item is
unverified, and nobody is asked to sign in its place.

A suite's page says *what proves* an item: the claim of each check, on which resources, and with what it is asked
where that is not the default, also by the [target's parameters](../bindings.md#what-the-target-gives); or the
signature of a role of `readiness.yaml`, and for how long that counts. *What that leaves open* is what a person signs
beside the checks, and what they say of themselves that they do not look at."""
_BEGINNING = """\
## How to begin

```console
$ readiness suites starter --target > readiness.yaml
$ readiness plan --target prod
$ pytest --readiness-target=prod --readiness-report=readiness.html
```

The first command writes a `readiness.yaml` in which all is declared that the suite looks at. Put your own names,
addresses, people and variables into it, and leave out what you do not have, with the parameters that are `on` it: its
items are then unverified, which the second command shows before anything is contacted. A document of your own that a
suite was made of can take the suite's bindings: [`readiness suites NAME --for FILE`](../cli.md#suites)."""


def page_of_claims(suites: Iterable[ShippedSuite]) -> str:
    """The claims that have no check yet, by domain."""
    suites = tuple(suites)
    parts = [
        "# Checks to come",
        f"{len(COMING)} claims have no check yet. Items that need one are unverified until then; bindings name it as "
        "[`missing`](../bindings.md#no-check-yet).",
    ]
    domains: dict[str, list[str]] = {}
    for id in COMING:
        domains.setdefault(id.partition(".")[0], []).append(id)
    waiting = {suite.name: suite.missing() for suite in suites}
    for domain, ids in domains.items():
        parts.append(f"## {domain}")
        lines = ["| claim | what it will prove | items that wait for it |", "| --- | --- | --- |"]
        for id in ids:
            named = ", ".join(f"[{name}]({name}.md) {counts[id]}" for name, counts in waiting.items() if counts[id])
            lines.append(f"| `{id}` | {cell(inline(COMING[id]))} | {named or '–'} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """The pages by name, in the order of the navigation."""
    suites = [read_suite(name) for name in suite_names()]
    made = {"index": page_of_all(suites)}
    made |= {suite.name: page_of_suite(suite) for suite in suites}
    made |= {"checks-to-come": page_of_claims(suites)}
    return {name: f"{MADE}\n\n{text}" for name, text in made.items()}


if __name__ == "__main__":
    write_pages(FOLDER, pages())
