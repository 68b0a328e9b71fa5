// An expression: the questions that a visit asks of a page. Nothing here changes the page, unless it says so.
(() => {
  const cut = (text, length = 60) => {
    const line = (text || '').replace(/\s+/g, ' ').trim();
    return line.length > length ? line.slice(0, length - 1) + '…' : line;
  };

  // A form hides its own properties behind fields of the same name, as `matches` of a betting office.
  const is = (element, selector) => Element.prototype.matches.call(element, selector);
  const FRAMES = 'iframe, frame';
  // A page that draws frame by frame calls for the next one within this time, also on a busy machine.
  const DRAWING_MS = 500;
  // The document of a frame that is open to the page itself; null for one of another origin, or sandboxed.
  const inside = (frame) => {
    try { return frame.contentDocument; } catch { return null; }
  };

  // The elements of the page, with those in open shadow trees, and in frames that are open and shown.
  function* all(root, frames = true) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.shadowRoot) yield* all(element.shadowRoot, frames);
      if (frames && is(element, FRAMES) && inside(element) && shown(element)) yield* all(inside(element));
    }
  }

  const up = (element) => {
    if (element.parentElement) return element.parentElement;
    const root = element.getRootNode();
    return root.host || (root.defaultView && root.defaultView.frameElement) || null;
  };
  // The picture that an <area> is a part of, where it is shown.
  const pictureOf = (area) => {
    const map = area.closest('map'), name = map && (map.name || map.id);
    return name ? [...area.getRootNode().querySelectorAll('img[usemap]')]
      .find((image) => image.getAttribute('usemap').replace(/^#/, '') === name && shown(image)) : null;
  };
  // What an <area> takes of its picture, by its coordinates: it has no box of its own.
  const areaBox = (area) => {
    const picture = pictureOf(area);
    if (!picture) return new DOMRect();
    const outer = picture.getBoundingClientRect(), coords = area.coords.split(/[\s,;]+/).map(parseFloat).filter(isFinite);
    let [xs, ys] = [[0, picture.clientWidth], [0, picture.clientHeight]];
    if (/^circ/i.test(area.shape) && coords.length >= 3) {
      const [x, y, radius] = coords;
      [xs, ys] = [[x - radius, x + radius], [y - radius, y + radius]];
    } else if (!/^default$/i.test(area.shape) && coords.length >= 4) {
      [xs, ys] = [0, 1].map((which) => coords.filter((_, n) => n % 2 === which));
    }
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    return new DOMRect(outer.x + picture.clientLeft + left, outer.y + picture.clientTop + top,
      Math.max(...xs) - left, Math.max(...ys) - top);
  };
  // An element may have no box of its own, and show what is in it all the same.
  const boxless = (element) => getComputedStyle(element).display === 'contents';
  const ownBox = (element) => {
    if (element.localName === 'area') return areaBox(element);
    if (!boxless(element)) return element.getBoundingClientRect();
    const range = element.ownerDocument.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect();
  };
  // Where it is in the window, from whatever frame.
  const boxOf = (element) => {
    let { x, y, width, height } = ownBox(element);
    for (let view = element.ownerDocument.defaultView; view && view !== window; view = view.parent) {
      const frame = view.frameElement, outer = frame.getBoundingClientRect();
      x += outer.x + frame.clientLeft;
      y += outer.y + frame.clientTop;
    }
    return new DOMRect(x, y, width, height);
  };
  // What lies on top at a place of the window, from whatever shadow tree and frame.
  const hitAt = (x, y) => {
    let hit = null;
    for (let root = document; root;) {
      const found = root.elementFromPoint(x, y);
      if (!found || found === hit) break;
      hit = found;
      root = hit.shadowRoot || (is(hit, FRAMES) && inside(hit));
      if (root && root.nodeType === 9) {
        const box = hit.getBoundingClientRect();
        [x, y] = [x - box.x - hit.clientLeft, y - box.y - hit.clientTop];
      }
    }
    return hit;
  };
  const within = (element, outer) => {
    for (let each = element; each; each = up(each)) if (each === outer) return true;
    return false;
  };
  // With all that it is in.
  const opacity = (element) => {
    let all = 1;
    for (let each = element; each; each = up(each)) all *= parseFloat(getComputedStyle(each).opacity);
    return all;
  };
  // Boxes of its lines, in the window.
  const linesOf = (element) => {
    const frame = boxOf(element), own = element.getBoundingClientRect();
    return [...element.getClientRects()].map((box) =>
      new DOMRect(box.x - own.x + frame.x, box.y - own.y + frame.y, box.width, box.height));
  };
  // Whether nothing lies over it and nothing cuts it off: its middle and the middles of its edges are its own.
  const plain = (element) => opacity(element) >= 0.1 && linesOf(element).slice(0, 3).every((box) => {
    if (box.width <= 2 || box.height <= 2) return false;
    // The browser finds nothing at the last pixel of a box that ends between two.
    const [across, down] = [Math.min(2, box.width / 3), Math.min(2, box.height / 3)];
    const [left, right, top, bottom] = [box.left + across, box.right - across, box.top + down, box.bottom - down];
    const x = (left + right) / 2, y = (top + bottom) / 2;
    return [[x, y], [left, y], [right, y], [x, top], [x, bottom]].every(([x, y]) => {
      const hit = hitAt(x, y);
      return hit && within(hit, element);
    });
  });
  // Whether a ring around it would be cut off by what it is in, or has the colour of what is behind it.
  const ringless = (element, colour) => {
    const box = element.getBoundingClientRect();
    for (let each = element.parentElement; each; each = each.parentElement) {
      if (is(each, 'body, html') || getComputedStyle(each).overflow === 'visible') continue;
      const outer = each.getBoundingClientRect();
      if (box.left - outer.left < 2 || box.top - outer.top < 2 || outer.right - box.right < 2 || outer.bottom - box.bottom < 2) return true;
    }
    const ring = rgb(colour), back = rgb(backdrop(up(element) || element)) || [255, 255, 255];
    return Boolean(ring && ring.every((value, n) => Math.abs(value - back[n]) < 26));
  };
  const closest = (element, selector) => {
    for (let each = element; each; each = up(each)) if (is(each, selector)) return each;
    return null;
  };

  // A short selector and what a person reads there.
  const describe = (element) => {
    let selector = element.localName;
    const id = element.getAttribute('id');
    if (id) selector += '#' + id;
    else if (element.classList.length) selector += '.' + [...element.classList].slice(0, 2).join('.');
    const label = element.getAttribute('aria-label') || element.getAttribute('alt') || element.getAttribute('name')
      || element.innerText || element.value && element.type !== 'password' && element.value
      || (element.getAttribute('src') || '').split(/[?#]/)[0].split('/').pop();
    return cut(selector, 80) + (label && element !== document.body ? ' “' + cut(label, 40) + '”' : '');
  };

  const shown = (element) => {
    if (element.localName === 'area') return Boolean(pictureOf(element));
    if (boxless(element)) {
      const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      return [...element.children].some(shown) || (written && getComputedStyle(element).visibility === 'visible'
        && ownBox(element).width > 0 && ownBox(element).height > 0);
    }
    if (!element.checkVisibility || !element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: false })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };

  const CONTROLS = 'a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, iframe, '
    + '[contenteditable=""], [contenteditable=true], audio[controls], video[controls], [tabindex], '
    + '[role=button], [role=link], [role=checkbox], [role=switch], [role=textbox], [role=combobox], [role=searchbox]';
  // Inside these, arrow keys move the focus (ARIA Authoring Practices, "roving tabindex").
  const COMPOSITES = '[role=tablist], [role=menu], [role=menubar], [role=listbox], [role=radiogroup], [role=toolbar], '
    + '[role=tree], [role=grid], [role=treegrid]';

  const disabled = (element) => is(element, ':disabled') || closest(element, '[inert], [aria-hidden=true]')
    || element.getAttribute('aria-disabled') === 'true';
  // A frame that is open is not a control; what is in it may be.
  const opened = (element) => is(element, FRAMES) && inside(element);
  const views = () => [window, ...[...all(document)].filter(opened).map((frame) => frame.contentWindow)];
  // A document tells of those in its shadow trees and frames nothing.
  const animations = () => [document, ...[...all(document)].flatMap((each) => [each.shadowRoot, opened(each)])]
    .flatMap((tree) => (tree ? tree.getAnimations() : []));
  // In how many milliseconds an animation comes to its end, or to the first one where it has none; 0 where it stands still.
  const ending = ({ effect, playState, playbackRate, currentTime }) => {
    if (!effect || playState !== 'running' || typeof currentTime !== 'number') return 0;
    const { delay, duration, endTime } = effect.getComputedTiming();
    const end = playbackRate < 0 ? 0 : endTime === Infinity ? delay + duration : endTime;
    return (end - currentTime) / playbackRate;
  };
  const implicit = (element) => is(element, '[tabindex="-1"]')
    && !is(element, 'a[href], area[href], button, input, select, textarea, summary, audio[controls], video[controls], '
      + '[contenteditable=""], [contenteditable=true], [role=button], [role=link], [role=checkbox], '
      + '[role=switch], [role=textbox], [role=combobox], [role=searchbox]');

  // What Tab should reach. Of a radio group, one.
  const controls = () => {
    const groups = new Set();
    const found = [];
    for (const element of all(document)) {
      if (!is(element, CONTROLS) || !shown(element) || disabled(element) || implicit(element)) continue;
      if (opened(element)) continue;
      const group = is(element, '[tabindex^="-"]') && closest(up(element) || element, COMPOSITES);
      if (group && reachedWith(group)) continue;
      if (element.localName === 'summary' && !is(element, 'details > summary:first-of-type')) continue;
      if (element.localName === 'iframe' && is(element, '[tabindex^="-"]')) continue;
      if (element.localName === 'input' && element.type === 'radio' && element.name) {
        const group = (element.form ? [...document.forms].indexOf(element.form) : -1) + ' ' + element.name;
        if (groups.has(group)) continue;
        groups.add(group);
        const checked = [...element.getRootNode().querySelectorAll('input[type=radio]')]
          .find((each) => each.name === element.name && each.form === element.form && each.checked);
        found.push(checked || element);
        continue;
      }
      found.push(element);
    }
    return found;
  };

  // What shows the focus in place of a control may be what holds this one only, such as a card with a choice.
  const around = (element) => {
    let found = element;
    for (let each = up(element); each && !is(each, 'body, html, main, form'); each = up(each)) {
      if ([...all(each)].some((other) => other !== element && is(other, CONTROLS) && shown(other))) break;
      found = each;
    }
    return boxOf(found);
  };

  const active = () => {
    let element = document.activeElement;
    while (element) {
      const root = element.shadowRoot || (is(element, FRAMES) && inside(element));
      const inner = root && root.activeElement;
      if (!inner || is(inner, 'body, html')) break;
      element = inner;
    }
    return element;
  };

  const alpha = (colour) => {
    const match = /rgba?\(([^)]*)\)/.exec(colour);
    if (!match) return colour === 'transparent' ? 0 : 1;
    const parts = match[1].split(/[ ,/]+/);
    return parts.length > 3 ? parseFloat(parts[3]) : 1;
  };
  const backdrop = (element) => {
    for (let each = element; each; each = up(each)) {
      const style = getComputedStyle(each);
      if (style.backgroundImage !== 'none') return style.backgroundImage;
      if (alpha(style.backgroundColor) > 0) return style.backgroundColor;
    }
    return '';
  };
  const union = (boxes) => {
    const left = Math.min(...boxes.map((box) => box.left)), top = Math.min(...boxes.map((box) => box.top));
    const right = Math.max(...boxes.map((box) => box.right)), bottom = Math.max(...boxes.map((box) => box.bottom));
    return { x: left, y: top, width: right - left, height: bottom - top };
  };
  const withLabels = (element) => {
    const labels = [...(element.labels || [])].filter(shown);
    if (closest(element, 'label')) labels.push(closest(element, 'label'));
    return union([element, ...labels].map(boxOf));
  };

  // What is laid over most of what is in the window, or makes the rest of the page inert, as a question for consent does.
  const covers = () => {
    const over = (element) => {
      for (let each = element; each; each = up(each)) {
        if (is(each, 'dialog') || ['fixed', 'absolute', 'sticky'].includes(getComputedStyle(each).position)) return each;
      }
      return null;
    };
    const written = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const covered = new Map(), own = new Map();
    let counted = 0;
    for (const element of document.body ? all(document.body, false) : []) {
      if (!(written(element) || is(element, 'img, input, button, video')) || !shown(element)) continue;
      const box = element.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
      if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) continue;
      const hit = hitAt(x, y);
      const cover = hit && over(hit);
      counted++;
      if (!cover) continue;
      // What lies in the cover itself is no part of what it covers.
      const count = within(element, cover) ? own : covered;
      count.set(cover, (count.get(cover) || 0) + 1);
    }
    const found = [...covered].filter(([cover, times]) => times >= (counted - (own.get(cover) || 0)) / 2).map(([cover]) => cover);
    const modal = [...all(document)].filter((each) => is(each, 'dialog:modal, [aria-modal=true]') && shown(each));
    // What is shown, and hidden from assistive technology all the same.
    const words = document.body ? document.body.innerText.length : 0;
    const hidden = [...all(document)].filter((each) => is(each, '[inert], [aria-hidden=true]') && shown(each)
      && !(up(each) && closest(up(each), '[inert], [aria-hidden=true]'))
      && (each.innerText || '').trim().length >= (is(each, '[inert]') ? 1 : words / 2));
    return new Set([...found, ...modal, ...hidden]);
  };

  // Elements that react to a click, or say so by the mouse pointer, and are no control that Tab could reach.
  const ACTING = ['click', 'dblclick', 'mousedown', 'mouseup', 'pointerdown', 'pointerup', 'touchstart', 'touchend'];
  const NATIVE = 'a[href], area[href], button, input, select, textarea, summary, option, optgroup, iframe, frame, body, html, '
    + 'audio[controls], video[controls], [contenteditable=""], [contenteditable=true]';
  const ITEMS = '[role=tab], [role=menuitem], [role=menuitemcheckbox], [role=menuitemradio], [role=option], [role=radio], '
    + '[role=treeitem], [role=slider], [role=spinbutton], [role=gridcell][tabindex]';
  // By `tabIndex` alone, links that lead nowhere would be focusable.
  const focusable = (element) => element.tabIndex >= 0 && (element.hasAttribute('tabindex') || is(element, NATIVE))
    && !is(element, 'body, html, iframe, frame');
  const tabbable = (element) => focusable(element) && shown(element) && !disabled(element);
  // The items of a group are reached by arrow keys, from the group, one of them, or the field that it belongs to.
  const reachedWith = (group) => tabbable(group) || [...all(group)].some(tabbable)
    || [...all(document)].some((each) => tabbable(each) && group.id
      && ((each.getAttribute('aria-controls') || '') + ' ' + (each.getAttribute('aria-owns') || '')).split(/\s+/).includes(group.id));
  const acting = () => {
    const found = new Set();
    for (const element of all(document)) {
      if (is(element, NATIVE) || focusable(element) || !shown(element) || disabled(element)) continue;
      const parent = up(element);
      if (element.localName === 'label') {
        // Of a field that is not there, as of an upload with a face of its own.
        if (element.control && !element.control.disabled && !shown(element.control)) found.add(element);
        continue;
      }
      let inControl = false;
      for (let each = parent; each && !inControl; each = up(each)) {
        inControl = is(each, 'label, button, a[href], summary, select') || focusable(each);
      }
      if (inControl) continue;
      const item = is(element, ITEMS);
      const group = item && closest(element, COMPOSITES);
      if (group && reachedWith(group)) continue;
      const heard = element.ownerDocument.defaultView[Symbol.for('pytest-readiness listeners')];
      const handles = item || element.getAttribute('draggable') === 'true'
        || ((heard && heard.get(element)) || []).some((type) => ACTING.includes(type));
      const pointer = getComputedStyle(element).cursor === 'pointer'
        && !(parent && getComputedStyle(parent).cursor === 'pointer' && !is(parent, 'body, html'));
      if (!handles && !pointer) continue;
      // What holds controls itself mostly handles their clicks.
      const holds = [...all(element.shadowRoot || element)].some(tabbable);
      if (holds ? handles && pointer : true) found.add(element);
    }
    return found;
  };

  // The part of a target's box in which a tap meets it: nothing lies over it, and nothing cuts it off. Scrolls to it.
  const reachable = (element, target, laidOver) => {
    const { x, y, width, height } = target;
    if (getComputedStyle(element).pointerEvents === 'none' || element.localName === 'area') return {};
    let [left, top] = [x - scrollX, y - scrollY];
    if (top < 0 || left < 0 || top + height > innerHeight || left + width > innerWidth) {
      const before = [scrollX, scrollY];
      scrollTo({ top: y + height / 2 - innerHeight / 2, left: Math.max(0, x + width / 2 - innerWidth / 2), behavior: 'instant' });
      // What is fixed did not move.
      const fixed = [...chain(element)].some((each) => getComputedStyle(each).position === 'fixed');
      if (!fixed) [left, top] = [left + before[0] - scrollX, top + before[1] - scrollY];
    }
    const [right, bottom] = [Math.min(left + width, innerWidth), Math.min(top + height, innerHeight)];
    [left, top] = [Math.max(left, 0), Math.max(top, 0)];
    if (right - left < 1 || bottom - top < 1) return {};
    const labels = [...(element.labels || [])];
    let kept = false;
    const meets = (atX, atY) => {
      const hit = hitAt(atX, atY);
      if (hit && [...laidOver].some((cover) => within(hit, cover) && !within(element, cover))) kept = true;
      return hit && (within(hit, element) || labels.some((label) => within(hit, label)) || closest(hit, 'label')?.control === element);
    };
    const steps = (from, to, count) => Array.from({ length: count }, (_, n) => from + (to - from) * (n + 0.5) / count);
    const [midX, midY] = [(left + right) / 2, (top + bottom) / 2];
    if ([[midX, midY], [left + 1, midY], [right - 1, midY], [midX, top + 1], [midX, bottom - 1]].every(([atX, atY]) => meets(atX, atY))) return {};
    const across = steps(left, right, Math.min(40, Math.ceil((right - left) / 2))), down = steps(top, bottom, Math.min(40, Math.ceil((bottom - top) / 2)));
    const found = down.flatMap((atY) => across.filter((atX) => meets(atX, atY)).map((atX) => [atX, atY]));
    // A cover over the page is a point of its own. What scrolls inside something else is out of its sight now.
    if (kept || (!found.length && scrolledAway(element))) return {};
    if (!found.length) return { width: 0, height: 0 };
    const [halfX, halfY] = [(right - left) / across.length / 2, (bottom - top) / down.length / 2];
    const xs = found.map((place) => place[0]), ys = found.map((place) => place[1]);
    const part = { x: Math.min(...xs) - halfX, y: Math.min(...ys) - halfY };
    return { x: part.x + scrollX, y: part.y + scrollY, width: Math.max(...xs) + halfX - part.x, height: Math.max(...ys) + halfY - part.y };
  };
  function* chain(element) {
    for (let each = element; each; each = up(each)) yield each;
  }
  const scrolledAway = (element) => [...chain(element)].some((each) => {
    const style = getComputedStyle(each);
    const outer = each.getBoundingClientRect(), own = element.getBoundingClientRect();
    return /(auto|scroll|hidden|clip)/.test(style.overflowX + style.overflowY) && each !== element
      && !is(each, 'body, html') && (own.right <= outer.left + 1 || own.left >= outer.right - 1 || own.bottom <= outer.top + 1 || own.top >= outer.bottom - 1);
  });
  const scrolls = (style) => /auto|scroll/.test(style.overflowX + style.overflowY);
  // Whether nobody can scroll the page that an element is in up and down: a lock, as of a dialog, or a shell of an
  // application, whose <body> may scroll all the same.
  const locked = ({ ownerDocument: { documentElement: root, body } }) => {
    const [outer, inner] = [getComputedStyle(root).overflowY, body ? getComputedStyle(body).overflowY : 'visible'];
    const stops = (overflow) => ['hidden', 'clip'].includes(overflow);
    return outer === 'visible' ? stops(inner) : stops(outer) && !/auto|scroll/.test(inner);
  };
  // Scrolls to an element whatever a person can scroll, from inside: what it is in, frames, and the page.
  const moved = new Map();
  const bring = (element) => {
    const scroll = (area, more) => {
      if (!moved.has(area)) moved.set(area, [area.scrollLeft, area.scrollTop]);
      area.scrollBy({ ...more, behavior: 'instant' });
    };
    for (const each of chain(element)) {
      const view = each.ownerDocument.defaultView, own = boxOf(element);
      if (is(each, 'html')) {
        const frame = view.frameElement ? boxOf(view.frameElement) : new DOMRect();
        const [x, y] = [own.x + own.width / 2 - frame.x, own.y + own.height / 2 - frame.y];
        if (!locked(element) && (y < 0 || y >= view.innerHeight)) scroll(each.ownerDocument.scrollingElement || each, { top: y - view.innerHeight / 2 });
        if (x < 0 || x >= view.innerWidth) scroll(each.ownerDocument.scrollingElement || each, { left: x - view.innerWidth / 2 });
      } else if (each !== element && scrolls(getComputedStyle(each))) {
        const outer = boxOf(each), [x, y] = [own.x + own.width / 2 - outer.x, own.y + own.height / 2 - outer.y];
        if (y < 0 || y >= outer.height) scroll(each, { top: y - outer.height / 2 });
        if (x < 0 || x >= outer.width) scroll(each, { left: x - outer.width / 2 });
      }
    }
  };
  // Whether an element paints nothing beyond its edges, in spite of `overflow: visible`.
  const contains = (style) => style.overflowX === 'visible' && /paint|content|strict/.test(style.contain);
  // What keeps what sticks out of it from sight, without a way to scroll there: the edges between which something is
  // seen, and what draws them. Null where it can be scrolled to. Where `own`, what the element itself cuts off, too.
  const edges = (element, own) => {
    const view = element.ownerDocument.defaultView, root = element.ownerDocument.documentElement;
    const body = element.ownerDocument.body;
    const seen = (each) => each && ['hidden', 'clip'].includes(getComputedStyle(each).overflowX);
    const whole = seen(root) || seen(body), backwards = getComputedStyle(root).direction === 'rtl';
    // Nobody can scroll to what lies before the beginning.
    const found = { left: backwards && !whole ? -Infinity : -view.scrollX,
      right: backwards || whole ? root.clientWidth - view.scrollX : Infinity, by: null };
    let free = '';
    for (let each = element; each && each !== body && each !== root; each = each.parentElement || each.getRootNode().host) {
      const style = getComputedStyle(each);
      // What is placed absolutely is not cut off by what it is not placed in.
      if (each !== element && free && (style.transform !== 'none' || (free === 'absolute' && style.position !== 'static'))) free = '';
      if ((each !== element || own) && !free && (style.overflowX !== 'visible' || contains(style))) {
        if (!['hidden', 'clip'].includes(style.overflowX) && !contains(style)) return null;
        const box = each.getBoundingClientRect();
        if (box.width <= 2 || box.height <= 2 || style.clip !== 'auto') return null;
        if (box.left > found.left || box.right < found.right) found.by = each;
        found.left = Math.max(found.left, box.left);
        found.right = Math.min(found.right, box.right);
      }
      if (!free && ['absolute', 'fixed'].includes(style.position)) free = style.position;
    }
    if (free === 'fixed') {
      found.left = Math.max(found.left, 0);
      found.right = Math.min(found.right, root.clientWidth);
    }
    return found;
  };
  // Boxes of the lines of an element's own text.
  const textRects = (element) => [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim()).flatMap((node) => {
    const range = element.ownerDocument.createRange();
    const from = node.data.search(/\S/);
    range.setStart(node, from);
    range.setEnd(node, from + node.data.trim().length);
    return [...range.getClientRects()];
  });
  // Whether text or a control of an element sticks out where nobody can get: "lost"; "maybe" where that may be meant, as
  // in a carousel; "" where it does not, or lies aside as a whole, as a menu does that is pushed in.
  const cutOff = (element) => {
    if (!shown(element) || closest(element, '[aria-hidden=true], [inert]')) return '';
    const control = is(element, CONTROLS) && !is(element, FRAMES) && !implicit(element);
    const rects = textRects(element);
    if (!control && !rects.length || is(element, 'option, optgroup, script, style, textarea *')) return '';
    const boxes = control ? [element.getBoundingClientRect()] : rects;
    const limits = boxes.length && edges(element, !control);
    if (!limits) return '';
    const { left, right, by } = limits;
    const beyond = (box) => box.left < left - 2 || box.right > right + 2;
    const aside = (box) => box.right <= left + 1 || box.left >= right - 1;
    if (!boxes.some(beyond)) return '';
    // The first, from inside, of which something is to be seen, and what of it lies aside.
    let part = element, away = null;
    while (part && part !== by && aside(part.getBoundingClientRect())) [part, away] = [up(part), part];
    const moved = (each) => getComputedStyle(each).transform !== 'none' || getComputedStyle(each).position !== 'static';
    const page = !part || is(part, 'body, html');
    if (away && (page || moved(away)) && !alike(away)) return '';
    for (let each = element; each && each !== part; each = up(each)) if (getComputedStyle(each).position === 'fixed') return '';
    // Letters far away stand for a picture.
    if (getComputedStyle(element).textIndent.startsWith('-') && boxes.every(aside)) return '';
    for (let each = element; each; each = up(each)) {
      const style = getComputedStyle(each);
      if (style.textOverflow === 'ellipsis' || each !== by && style.transform !== 'none' || alike(each)) return 'maybe';
      if (each === by) break;
    }
    const width = element.ownerDocument.documentElement.clientWidth;
    return by && by.getBoundingClientRect().width < 0.75 * width ? 'maybe' : 'lost';
  };
  // Whether it stands in a row with others of its size, as slides do.
  const alike = (element) => {
    const own = element.getBoundingClientRect();
    return !getComputedStyle(element).display.startsWith('table') && element.parentElement
      && [...element.parentElement.children].some((other) => {
        const box = other.getBoundingClientRect();
        return other !== element && shown(other) && Math.abs(box.width - own.width) < 1.5 && Math.abs(box.top - own.top) < 1.5;
      });
  };

  // A size as written, not as computed: a computed one is always in pixels.
  const written = (element, name) => String((element.computedStyleMap && element.computedStyleMap().get(name)) || 'auto');
  // Whether its height is known before what is in it. A percentage is one of the height of what it is in.
  const definite = (element) => {
    const height = written(element, 'height'), style = getComputedStyle(element), outer = element.parentElement;
    if (['absolute', 'fixed'].includes(style.position)) return true;
    if (!height.includes('%')) return height !== 'auto' || (!is(element, 'img, svg, input') && style.aspectRatio !== 'auto');
    // The items of a grid, and of a row, are stretched.
    if (!outer || element.localName === 'html') return true;
    return /flex|grid/.test(getComputedStyle(outer).display) || definite(outer)
      || (outer.parentElement && /flex|grid/.test(getComputedStyle(outer.parentElement).display));
  };

  let acts = new Set();
  let veiled = [], unveilings = [];
  // Gives an element these styles, and returns what takes them back: one property after the other, since a Content-Security-Policy can forbid to set the
  // attribute, and the attribute too where there was none.
  const styled = (element, styles) => {
    const had = element.hasAttribute('style');
    const before = Object.keys(styles).map((name) => [name, element.style.getPropertyValue(name), element.style.getPropertyPriority(name)]);
    for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value, 'important');
    return () => {
      for (const [name, value, priority] of before) {
        if (value) element.style.setProperty(name, value, priority);
        else element.style.removeProperty(name);
      }
      if (!had) element.removeAttribute('style');
    };
  };
  let known = [];
  const reached = new Set();

  // Texts whose contrast axe-core has judged, and what the picture says of them.
  let texts = [];
  const looked = new Set();
  // By axe's way to an element: a list through frames, in which a list goes through shadow trees.
  const resolve = (target) => {
    let root = document, element = null;
    for (const part of target) {
      if (element) root = inside(element);
      for (const step of [part].flat()) {
        if (element && element.shadowRoot && root !== inside(element)) root = element.shadowRoot;
        element = root && root.querySelector(step);
        if (!element) return null;
      }
    }
    return element;
  };
  const rgb = (colour) => {
    const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour || '');
    if (hex) return hex.slice(1).map((part) => parseInt(part, 16));
    const parts = /^rgb\(([^)]*)\)$/.exec(colour || '');
    return parts ? parts[1].split(',').map(Number) : null;
  };
  const PLAIN = 'input:not([type]), input[type=text], input[type=search], input[type=email], input[type=tel], input[type=url], '
    + 'input[type=password], input[type=number], input[type=submit], input[type=button], input[type=reset], textarea, select';
  const textBoxes = (element) => {
    const view = new DOMRect(0, 0, innerWidth, innerHeight);
    const frame = boxOf(element), own = element.getBoundingClientRect();
    const [right, down] = [frame.x - own.x, frame.y - own.y];
    const boxes = [];
    if (is(element, 'input, textarea, select')) {
      if (is(element, PLAIN) && (element.value || is(element, ':placeholder-shown'))) {
        boxes.push(new DOMRect(frame.x + element.clientLeft, frame.y + element.clientTop, element.clientWidth, element.clientHeight));
      }
    } else {
      for (const node of element.childNodes) {
        if (node.nodeType !== 3) continue;
        // Pictures of the font have colours of their own.
        for (const run of node.data.matchAll(/(?:(?!\p{Extended_Pictographic})[^\s\uFE0F\u200D]|(?<=\S) (?=\S))+/gu)) {
          const range = element.ownerDocument.createRange();
          range.setStart(node, run.index);
          range.setEnd(node, run.index + run[0].length);
          for (const box of range.getClientRects()) boxes.push(new DOMRect(box.x + right, box.y + down, box.width, box.height));
          if (boxes.length > 8) break;
        }
      }
    }
    return boxes.slice(0, 8).filter((box) => box.width >= 2 && box.height >= 2 && box.x >= view.x && box.y >= view.y
      && box.right <= view.right && box.bottom <= view.bottom).map(({ x, y, width, height }) => ({ x, y, width, height }));
  };
  const light = (colour) => rgb(colour).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
  // Whether two colours can be told apart by their contrast, as far as they are plain ones.
  const clear = (front, back) => {
    if (!rgb(front) || !rgb(back)) return false;
    const [dark, bright] = [light(front), light(back)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05) >= 4.5;
  };
  // Parts of a field whose colours axe does not ask for: the options of a list that is open, the button of an upload.
  const fieldTexts = (element) => {
    if (!shown(element) || disabled(element)) return [];
    if (is(element, 'input[type=file]')) {
      const button = getComputedStyle(element, '::file-selector-button');
      const back = alpha(button.backgroundColor) > 0 ? button.backgroundColor : backdrop(element) || 'rgb(255, 255, 255)';
      return button.display === 'none' || (button.backgroundImage === 'none' && clear(button.color, back)) ? []
        : [describe(element) + '::file-selector-button'];
    }
    if (!is(element, 'select') || element.size < 2 && !element.multiple) return [];
    return [...element.querySelectorAll('option:enabled, optgroup:enabled')].filter((each) => {
      const style = getComputedStyle(each);
      return style.display !== 'none' && !clear(style.color, backdrop(each) || 'rgb(255, 255, 255)');
    }).map(describe);
  };
  // Whether axe has left out a text because it is beyond the edge of what scrolls, and its colours are not clear.
  const leftOut = (element) => {
    if (looked.has(element) || is(element, 'option, optgroup, script, style, noscript, textarea') || !shown(element)) return false;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && /[\p{L}\p{N}]/u.test(node.data))) return false;
    const label = closest(element, 'label'), ways = [...chain(element)];
    if (ways.some((each) => is(each, ':disabled, [aria-disabled=true]')) || (label && label.control && is(label.control, ':disabled'))) return false;
    if (!ways.some((each) => each !== element && scrolls(getComputedStyle(each)) && !is(each, 'html, body'))) return false;
    const plainly = ways.every((each) => {
      const { opacity, filter, mixBlendMode } = getComputedStyle(each);
      return opacity === '1' && filter === 'none' && mixBlendMode === 'normal';
    });
    return opacity(element) > 0 && !(plainly && clear(getComputedStyle(element).color, backdrop(element) || 'rgb(255, 255, 255)'));
  };
  // Texts that axe does not look at: those that are scrolled away, those of fields, and those of style sheets, where they look different from the
  // element's own.
  const styledTexts = () => {
    const found = [];
    for (const element of document.body ? all(document.body) : []) {
      found.push(...fieldTexts(element));
      if (leftOut(element)) found.push(describe(element));
      if (getComputedStyle(element).display === 'list-item' && getComputedStyle(element).listStyleType !== 'none' && shown(element)
        && getComputedStyle(element, '::marker').color !== getComputedStyle(element).color) found.push(describe(element) + '::marker');
      for (const which of ['::before', '::after']) {
        const style = getComputedStyle(element, which);
        if (!/[\p{L}\p{N}]{2}/u.test((style.content.match(/"[^"]*"/g) || []).join('').replace(/\p{Co}/gu, ''))) continue;
        const own = getComputedStyle(element);
        if (style.display === 'none' || style.visibility !== 'visible' || style.opacity === '0' || !shown(element)) continue;
        const alike = style.color === own.color && alpha(style.backgroundColor) === 0 && style.backgroundImage === 'none'
          && style.position === 'static' && style.opacity === '1'
          && texts.some((text) => text.element === element && !text.wrong);
        if (!alike) found.push(describe(element) + which);
      }
    }
    return found;
  };

  // Why a person does not see an element, though it has a box; "" where one does. Scrolls the page to it.
  const unseen = (element) => {
    if (opacity(element) < 0.1) return 'transparent';
    // Its other text may be painted instead.
    if (is(element, 'img') && element.complete && !element.naturalWidth) return 'not loaded';
    const limits = edges(element, false);
    const box = element.getBoundingClientRect();
    if (box.width <= 2 || box.height <= 2) return `of ${Math.round(box.width)} × ${Math.round(box.height)} px only`;
    for (const each of chain(element)) {
      const style = getComputedStyle(each), outer = each.getBoundingClientRect();
      if (style.clip !== 'auto' && /^rect\((0px,? ){3}0px\)|^rect\((1px,? ){3}1px\)/.test(style.clip)) return 'cut off';
      if (each !== element && ['hidden', 'clip'].includes(style.overflowX) && (outer.width <= 2 || outer.height <= 2)
        && !is(each, 'body, html')) return 'cut off';
    }
    const right = limits && Math.min(limits.right, (document.scrollingElement || document.documentElement).scrollWidth - scrollX);
    if (limits && (box.right <= limits.left + 1 || box.left >= right - 1)) return 'beyond an edge of the page or of what it is in';
    if (box.bottom + scrollY <= 1) return 'above the page';
    const style = getComputedStyle(element), own = rgb(style.color), back = rgb(backdrop(element)) || [255, 255, 255];
    const written = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (written && own && !/url|gradient/.test(backdrop(element)) && own.every((value, n) => value === back[n])) {
      return 'written in the colour of its background';
    }
    bring(element);
    const middle = () => { const { x, y, width, height } = boxOf(element); return [x + width / 2, y + height / 2]; };
    const outside = ([x, y]) => x < 0 || y < 0 || x >= innerWidth || y >= innerHeight;
    if (outside(middle())) {
      if ([...chain(element)].some((each) => getComputedStyle(each).position === 'fixed')) return 'outside the window';
      return locked(element) ? 'outside the window, and the page cannot be scrolled' : '';
    }
    // A tap goes through some notices; whether they are covered, only others show.
    const undo = styled(element, { 'pointer-events': 'auto' });
    const boxes = linesOf(element).slice(0, 3).filter((line) => !outside([line.x + line.width / 2, line.y + line.height / 2]));
    const covered = boxes.length && boxes.every((line) => [0.1, 0.5, 0.9].every((part) => {
      const hit = hitAt(line.x + line.width * part, line.y + line.height / 2);
      return hit && !within(hit, element) && opaque(hit, element);
    }));
    undo();
    return covered ? 'covered' : '';
  };
  // The texts in an element, as nodes.
  function* textsIn(root) {
    for (const node of root.childNodes) {
      if (node.nodeType === 3) yield node;
      if (node.shadowRoot) yield* textsIn(node.shadowRoot);
      if (node.nodeType === 1 && !is(node, 'script, style, template, noscript')) yield* textsIn(node);
    }
  }
  // A list that opens paints the chosen option itself.
  const listOf = (node) => {
    const list = node.parentElement && node.parentElement.closest('select');
    return list && !list.multiple && list.size < 2 ? list : null;
  };
  const boxesOf = (node, from, to) => {
    const range = node.ownerDocument.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()];
  };
  // Where texts hold some words, whatever their spaces and capitals: of each place, what it takes of which node.
  const placesOf = (nodes, words) => {
    const small = (text) => text.toLowerCase().replace(/\s/g, '');
    let text = '';
    const from = [];
    for (const node of nodes) {
      if (text.length > 200000) break;
      [...node.data.slice(0, 200000)].reduce((at, sign) => {
        for (const each of small(sign)) {
          text += each;
          for (let n = 0; n < each.length; n++) from.push({ node, at, end: at + sign.length });
        }
        return at + sign.length;
      }, 0);
    }
    const found = [], sought = small(words);
    for (let at = sought ? text.indexOf(sought) : -1; at >= 0 && found.length < 10; at = text.indexOf(sought, at + 1)) {
      const taken = from.slice(at, at + sought.length);
      found.push([...new Set(taken.map(({ node }) => node))].map((node) => {
        const own = taken.filter((each) => each.node === node);
        return { node, parent: listOf(node) || node.parentElement || node.getRootNode().host, from: own[0].at, to: own.pop().end };
      }));
    }
    return found;
  };
  // Why a person does not see a part of a text, though its element is seen; "" where one does.
  const unseenText = ({ node, parent, from, to }) => {
    const why = unseen(parent);
    if (why) return why;
    let boxes = boxesOf(node, from, to);
    for (const each of chain(parent)) {
      const style = getComputedStyle(each), outer = each.getBoundingClientRect();
      const cuts = (overflow) => ['hidden', 'clip'].includes(overflow) && style.display !== 'inline' && !is(each, 'body, html');
      // Half a letter may be a shadow or a space between letters; lines are higher than their letters.
      if (boxes.some((box) => (cuts(style.overflowX) && (box.right > outer.right + box.height / 4 || box.left < outer.left - box.height / 4))
        || (cuts(style.overflowY) && (box.top + box.bottom > 2 * outer.bottom || box.top + box.bottom < 2 * outer.top)))) return 'cut off';
      // What is beyond its edges, a person scrolls to.
      if (scrolls(style)) boxes = [outer];
      if (/absolute|fixed/.test(style.position)) break;
    }
    return '';
  };
  // Why a person does not see some words in an element that is seen, "" where one does; and the innermost elements that
  // hold them, none where they are no text of it.
  const told = (element, words) => {
    const nodes = [...textsIn(element)];
    // What is not shown of a <details> has boxes all the same.
    const drawn = (node) => (listOf(node) ? [...listOf(node).selectedOptions].some((each) => each.contains(node))
      : boxesOf(node, 0, node.length).length && !(node.parentElement && is(node.parentElement, 'details:not([open])')));
    const places = placesOf(nodes.filter(drawn), words);
    let why = placesOf(nodes, words).length ? 'not visible' : '';
    for (const place of places) {
      why = place.map(unseenText).find(Boolean) || '';
      const holders = [...new Set(place.map(({ parent }) => parent))];
      if (!why) return { why, by: holders.filter((each) => !holders.some((other) => other !== each && within(other, each))) };
    }
    return { why, by: [] };
  };
  // Whether what lies over an element lets nothing of it through.
  const opaque = (hit, element) => [...chain(hit)].some((each) => !within(element, each) && opacity(each) >= 0.9
    && (is(each, 'img, video, canvas, iframe') || getComputedStyle(each).backgroundImage !== 'none'
      || alpha(getComputedStyle(each).backgroundColor) >= 0.9));

  return {
    // Why an element is not seen, nor any of its labels, or why some words in it are not; "" where they are.
    unseen(element, words) {
      const all = [element, ...[...(element.labels || [])].filter(shown)].map(unseen);
      return all.includes('') ? (words ? told(element, words).why : '') : all[0];
    },
    // Makes an element and its labels, or what holds some words in it, transparent, to tell by pictures whether anything of them is painted. Returns where
    // they are in the window; null where they are out of it, as in something that scrolls. Changes styles of the page.
    veil(element, words) {
      const by = words ? told(element, words).by : [];
      const faces = by.length ? by : [element, ...[...(element.labels || [])].filter(shown)];
      faces.slice(0, 1).forEach(bring);
      const lines = faces.flatMap(linesOf).filter((line) => line.right > 0 && line.bottom > 0 && line.x < innerWidth && line.y < innerHeight);
      if (!lines.length) return null;
      veiled = faces;
      this.veilAgain();
      return union(lines);
    },
    veilAgain() {
      unveilings = veiled.map((face) => styled(face, { transition: 'none', opacity: '0' }));
    },
    unveil() {
      unveilings.splice(0).reverse().forEach((back) => back());
    },
    // Takes the texts that axe-core has judged, and the colours that it computed.
    judged(colours) {
      for (const { target, point, back: behind, front: before, needed, holds } of colours) {
        const element = resolve(target), back = rgb(behind);
        let front = rgb(before);
        looked.add(element);
        if (!element || !back || !front) continue;
        const others = is(element, ':placeholder-shown') ? ['::placeholder'] : ['::first-line', '::first-letter'];
        // Colours that axe does not ask for.
        const own = others.map((which) => getComputedStyle(element, which).color);
        const wrong = own.some((colour) => colour && colour !== getComputedStyle(element).color);
        if (wrong && others[0] === '::placeholder' && rgb(own[0])) front = rgb(own[0]);
        texts.push({ element, point, back, front, needed, holds, wrong: wrong && others[0] !== '::placeholder', done: false });
      }
    },
    // Scrolls to texts that were not compared yet, and tells where they are; null where all were.
    async nextTexts() {
      const first = texts.find((text) => !text.done);
      if (!first) return null;
      bring(first.element);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const found = [];
      for (const text of texts) {
        if (text.done) continue;
        const boxes = shown(text.element) ? textBoxes(text.element) : [];
        const clear = ({ x, y, width, height }) => {
          const hit = document.elementFromPoint(x + width / 2, y + height / 2);
          return hit && (hit.contains(text.element) || text.element.contains(hit));
        };
        if (text !== first && !(boxes.length && boxes.every(clear))) continue;
        text.done = true;
        const { element, back, front, needed, holds } = text;
        // The browser draws it in the colours of the system, and tells others.
        const native = is(element, 'select') && getComputedStyle(element).appearance !== 'none';
        if (boxes.length) found.push({ number: texts.indexOf(text), boxes, back, front, needed, holds, native });
      }
      return found;
    },
    contradict(numbers) {
      for (const number of numbers) texts[number].wrong = true;
    },
    // Where axe's judgement of the contrast is not what the picture shows, and what it did not look at.
    doubtful() {
      const wrong = texts.filter((text) => text.wrong);
      return { points: [...wrong.map((text) => text.point), ...styledTexts()],
        violations: wrong.filter((text) => !text.holds).map((text) => text.point) };
    },
    // Where the page goes on to by itself, by its header Refresh or a <meta>, and after how many seconds; null where it
    // stays, or only loads itself again.
    goesOn(header) {
      for (const content of [header, ...[...document.querySelectorAll('meta[http-equiv=refresh i]')].map((meta) => meta.content)]) {
        const parts = /^\s*(\d*\.?\d*)\s*[;,]\s*(?:url\s*=)?\s*(["']?)(.+?)\2\s*$/i.exec(content);
        const to = parts && new URL(parts[3], document.baseURI).href.split('#')[0];
        if (to && to !== location.href.split('#')[0]) return { to, after: parseFloat(parts[1] || '0') };
      }
      return null;
    },
    // What the browser says of XML that it could not read to its end; "" where it could.
    malformed() {
      const error = /xml/.test(document.contentType) && document.querySelector('parsererror');
      return error ? cut(error.textContent.replace(/^This page contains the following errors:|Below is a rendering.*$/gs, ''), 120) : '';
    },
    // What is on the page.
    rendered() {
      const body = document.body;
      const elements = body ? [...body.querySelectorAll(':not(script, style, template, noscript, link, meta)')] : [];
      const deep = body ? [...all(document)] : [];
      const text = (body ? body.innerText : '') + deep.filter((each) => each.shadowRoot)
        .map((each) => [...each.shadowRoot.children].map((child) => child.innerText || '').join('')).join('');
      return {
        mediaType: document.contentType,
        title: cut(document.title, 100),
        elements: elements.length,
        text: text.replace(/\s+/g, ' ').trim().length,
        media: deep.filter((each) => is(each, 'img, video, canvas, svg, picture, object, embed') && shown(each)
          && !(each.localName === 'img' && !each.naturalWidth)).length,
        controls: deep.filter((each) => is(each, 'a[href], button, input:not([type=hidden]), select, textarea')
          && shown(each)).length,
        // Of several, the last one counts.
        viewport: ([...document.querySelectorAll('meta[name=viewport i]')].pop() || { content: null }).content,
      };
    },

    // In how many milliseconds to look again, because a timer fires then, an animation ends, or the page draws frame by
    // frame; null where nothing of that is due within `most`. Where something may be due in a frame that is closed to
    // questions, only all of that time is enough.
    atWork(most) {
      const waits = [this.due(most)].filter((wait) => wait !== null);
      for (const view of views()) {
        const [first, , last] = (view[Symbol.for('pytest-readiness')] || { frames: [] }).frames;
        const now = view.performance.now();
        if (last - first < DRAWING_MS && now - last < DRAWING_MS) waits.push(DRAWING_MS);
      }
      waits.push(...animations().map(ending).filter((wait) => wait > 0));
      if ([...all(document)].some((each) => is(each, FRAMES) && !inside(each))) waits.push(most);
      const next = Math.min(...waits);
      return next <= most ? next : null;
    },

    // In how many milliseconds the next timer fires, of the page and its open frames; null where none does within `most`.
    // Of those that fire again and again only the first time counts, unless all times are asked for.
    due(most, repeated = false) {
      const waits = [];
      for (const view of views()) {
        const seen = view[Symbol.for('pytest-readiness')], now = view.performance.now();
        for (const { at, again } of seen && seen.timers ? seen.timers.values() : []) {
          waits.push(at - now);
          if (repeated && again > 0 && at <= now) waits.push(again - (now - at) % again);
        }
      }
      const next = Math.min(...waits.filter((wait) => wait > 0));
      return next <= most ? next : null;
    },

    // One window further down; false at the end of the page.
    further() {
      const before = scrollY;
      scrollBy({ top: innerHeight, behavior: 'instant' });
      return scrollY !== before;
    },

    // How it loaded, in milliseconds; began: when an earlier document was asked for that led here, or 0.
    load(began) {
      const before = began ? Math.max(0, performance.timeOrigin - began) : 0;
      const since = (time) => (time === null || time === undefined ? null : before + time);
      const timing = performance.getEntriesByType('navigation')[0] || {};
      const seen = window[Symbol.for('pytest-readiness')] || { shifts: [], tasks: [] };
      // CLS: sessions of shifts less than 1 s apart, at most 5 s long; the largest counts.
      let largest = 0, sum = 0, first = -Infinity, last = -Infinity;
      for (const shift of seen.shifts) {
        if (shift.at - last > 1000 || shift.at - first > 5000) [sum, first] = [0, shift.at];
        last = shift.at;
        sum += shift.value;
        largest = Math.max(largest, sum);
      }
      const worst = [...seen.shifts].sort((one, other) => other.value - one.value);
      const tasks = seen.tasks.filter(([at, duration]) => seen.fcp !== null && at + duration > seen.fcp);
      return {
        load: timing.loadEventEnd > 0 ? since(timing.loadEventEnd) : null,
        firstByte: since(timing.responseStart || 0),
        firstPaint: since(seen.fcp),
        largestPaint: since(seen.lcp),
        largest: seen.largest ? describe(seen.largest) : '',
        workers: seen.workers || [],
        largestArea: seen.area || 0,
        shift: largest,
        shifted: [...new Set(worst.flatMap((each) => each.nodes).map(describe))].slice(0, 3),
        // A task that began before the first paint blocks from there on.
        blocking: tasks.reduce((total, [at, duration]) =>
          total + Math.max(0, at + duration - Math.max(at + 50, seen.fcp)), 0),
        longestTask: Math.max(0, ...tasks.map(([, duration]) => duration)),
        vitals: 'PerformanceObserver' in window
          && (PerformanceObserver.supportedEntryTypes || []).includes('largest-contentful-paint'),
      };
    },

    // Scrolls the page, and what scrolls in it, to the end, so that what is loaded lazily is asked for; at most so many
    // screens. Returns what has no end.
    async scroll(screens) {
      const areas = [...all(document)].filter((each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowY)
        && each.scrollHeight > each.clientHeight + 1 && each.clientHeight > 100 && shown(each)
        && each !== document.scrollingElement);
      const root = document.scrollingElement || document.documentElement;
      const endless = [];
      for (const area of [root, ...areas]) {
        const rest = () => area.scrollHeight - area.clientHeight - area.scrollTop;
        for (let before = -1; screens > 0 && area.scrollTop !== before; screens--) {
          before = area.scrollTop;
          area.scrollBy({ top: area.clientHeight, behavior: 'instant' });
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
        }
        if (screens <= 0 && rest() > 1) endless.push(`${area === root ? 'the page' : describe(area)} below ${Math.round(area.scrollTop + area.clientHeight)} px`);
        if (area !== root) area.scrollTo({ top: 0, behavior: 'instant' });
      }
      return endless;
    },
    top() {
      for (const [area, [left, top]] of moved) area.scrollTo({ left, top, behavior: 'instant' });
      moved.clear();
      scrollTo({ top: 0, left: 0, behavior: 'instant' });
    },
    // What the browser leaves out while it is far away, it lays out now, as it does when somebody comes there. Changes
    // styles of the page.
    layOut() {
      for (const element of all(document)) {
        if (getComputedStyle(element).contentVisibility !== 'auto') continue;
        element.style.setProperty('content-visibility', 'visible', 'important');
        element.style.setProperty('contain', 'layout paint style', 'important');
      }
    },

    images() {
      return [...all(document)].filter((each) => is(each, 'img, input[type=image], svg image')).map((image) => {
        const style = getComputedStyle(image), picture = image.localName === 'img';
        // From both attributes, where both are numbers of pixels, the browser itself makes a ratio.
        const [, auto, across, down] = /^(auto)? ?(?:([\d.]+)(?: \/ ([\d.]+))?)?$/.exec(style.aspectRatio || 'auto') || [];
        const attributes = auto && across > 0 && down > 0, ratio = !auto && across > 0;
        const fixed = (name) => (name === 'height' ? definite(image) : written(image, name) !== 'auto');
        const url = picture ? image.currentSrc || image.src || '' : image.href ? new URL(image.href.baseVal, image.baseURI).href : image.src;
        // What a script was to put in place of a picture of some pixels.
        const wanted = picture && (image.dataset.src || image.dataset.srcset);
        const stands = wanted && (!url || url.startsWith('data:')) && image.naturalWidth <= 4 && image.naturalHeight <= 4;
        return {
          what: describe(image),
          url,
          state: !picture ? '' : stands ? 'placeholder' : !image.complete || (!image.currentSrc && image.loading === 'lazy') ? 'pending'
            : image.naturalWidth ? 'loaded' : 'broken',
          reserved: attributes || (fixed('height') && (fixed('width') || ratio)) || (ratio && fixed('width'))
            || style.position === 'absolute' || style.position === 'fixed' || Boolean(image.ownerSVGElement),
          // Others cannot be.
          lazy: !picture || image.loading === 'lazy',
          top: boxOf(image).top + scrollY,
          // Pixels that count visitors are not pictures.
          visible: shown(image) && image.getBoundingClientRect().width > 2,
        };
      });
    },

    // Asks the browser to load the caption tracks, which it does only for those that are switched on.
    async videos() {
      const found = [];
      for (const video of [...all(document)].filter((each) => each.localName === 'video')) {
        const tracks = [], empty = [];
        // Without tags, and with blanks for their names.
        const words = (cue) => (cue.getCueAsHTML ? cue.getCueAsHTML().textContent : cue.text) || '';
        // A cue is shown where it says something and ends after it begins.
        const count = (cues) => [...(cues || [])].filter((cue) => words(cue).trim() && cue.endTime > cue.startTime).length;
        for (const track of video.querySelectorAll('track')) {
          if (!['captions', 'subtitles'].includes(track.kind)) continue;
          if (track.track.mode === 'disabled') track.track.mode = 'hidden';
          for (let n = 0; n < 30 && track.readyState < 2; n++) await new Promise((done) => setTimeout(done, 100));
          const cues = count(track.track.cues);
          const named = (track.kind || 'subtitles') + (track.srclang ? ' ' + cut(track.srclang, 20) : '');
          if (track.readyState === 2 && cues) tracks.push(`${named} with ${cues} cues`);
          else empty.push(`${named} ${track.readyState === 3 ? 'cannot be loaded' : 'holds no cues'}`);
        }
        // Tracks that a player adds by script have no element.
        for (const track of video.textTracks) {
          const own = [...video.querySelectorAll('track')].some((each) => each.track === track);
          if (own || !['captions', 'subtitles'].includes(track.kind)) continue;
          const cues = count(track.cues);
          (cues ? tracks : empty).push(`${track.kind} ${cut(track.language, 20)} with ${cues} cues`);
        }
        found.push({ what: describe(video), tracks, empty });
      }
      return found;
    },

    // What the visit is kept out of; with how much of the window each takes, in square pixels.
    async parts() {
      const found = [];
      const add = (kind, element, more = '') => {
        const box = boxOf(element);
        const width = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
        const height = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
        found.push({ kind, what: describe(element) + more, area: Math.max(0, width) * Math.max(0, height) });
      };
      const seen = (element) => shown(element) && boxOf(element).width > 2 && boxOf(element).height > 2;
      // No timer fires in a frame whose scripts are switched off, and axe-core cannot answer from there.
      const runs = (view) => Promise.race([new Promise((done) => view.setTimeout(done, 0, true)),
        new Promise((done) => setTimeout(done, 2000, false))]);
      for (const element of all(document)) {
        if (!is(element, FRAMES + ', canvas, object, embed, fencedframe') || !seen(element)) continue;
        if (!is(element, FRAMES)) {
          add(element.localName === 'canvas' ? 'canvas' : 'plugin', element);
          continue;
        }
        const there = inside(element), wanted = element.getAttribute('src') || '';
        const pending = there && there.URL === 'about:blank' && wanted && !/^(about|javascript):/i.test(wanted);
        if (pending) add('frame', element, ' (not loaded)');
        else if (!there) add('frame', element, element.src ? ` of ${element.src.split(/[?#]/)[0].slice(0, 80)}` : ' (sandboxed)');
        else if (there.body && there.body.childNodes.length && !await runs(element.contentWindow)) {
          add('frame', element, ' (its scripts are switched off)');
        } else add('framed', element);
      }
      for (const element of covers()) add('cover', element);
      return found;
    },

    layout() {
      const root = document.scrollingElement || document.documentElement;
      const width = document.documentElement.clientWidth;
      const hidden = [document.documentElement, document.body].some((each) => each
        && ['hidden', 'clip'].includes(getComputedStyle(each).overflowX));
      // Applications often scroll an element that holds the whole page, instead of the page.
      const words = document.body ? document.body.innerText.length : 0;
      const scrolls = (element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
        && element.scrollWidth > element.clientWidth + 1 && (element.innerText || '').length >= 0.9 * words;
      const scrollsInside = (frame) => {
        const root = is(frame, FRAMES) && inside(frame) && inside(frame).scrollingElement;
        return root && root.scrollWidth > root.clientWidth + 1
          && ((root.innerText || '').length >= 0.9 * words || frame.clientWidth >= 0.75 * width);
      };
      const own = document.body ? [...all(document.body, false)] : [];
      const frames = own.filter((element) => (scrolls(element) || scrollsInside(element)) && shown(element));
      // A container that scrolls by itself, such as one around a table, keeps its width to itself.
      const contained = (element) => {
        for (let each = up(element); each && each !== document.body && each !== document.documentElement; each = up(each)) {
          if (getComputedStyle(each).overflowX !== 'visible') return each.getBoundingClientRect().right <= width + 1;
        }
        return false;
      };
      const backwards = getComputedStyle(root).direction === 'rtl';
      const out = own.filter((element) => {
        const box = element.getBoundingClientRect();
        return (box.right + scrollX > width + 1 && box.left + scrollX < width
          || (backwards && box.left + scrollX < -1 && box.right + scrollX > 0)) && shown(element)
          && getComputedStyle(element).position !== 'fixed' && !contained(element);
      });
      // Text may stick out of its own element.
      const sticks = (box) => box.right + scrollX > width + 1 || (backwards && box.left + scrollX < -1);
      if (!hidden && !out.length && root.scrollWidth > width + 1) out.push(...own.filter((element) => shown(element) && !contained(element) && textRects(element).some(sticks)));
      const innermost = out.filter((element) => !out.some((other) => other !== element && element.contains(other)));
      const content = (element) => is(element, 'img, video, canvas, svg, iframe, ' + CONTROLS)
        || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      const lost = new Set(hidden ? innermost.filter(content) : []), maybe = new Set();
      for (const element of document.body ? all(document.body) : []) {
        const verdict = cutOff(element);
        if (verdict) (verdict === 'lost' ? lost : maybe).add(element);
      }
      const targets = [];
      for (const element of all(document)) {
        if (targets.length >= 500) break;
        // Arrow keys need no Tab to reach an item of a group, and a finger needs neither.
        const sure = (is(element, CONTROLS) && !implicit(element)) || is(element, ITEMS);
        if (!(sure || acts.has(element)) || is(element, 'iframe, video, audio, [contenteditable]') || !shown(element)) continue;
        if (disabled(element)) continue;
        const own = boxOf(element);
        const style = getComputedStyle(element);
        // Hidden from sight: what is tapped on are its labels, or, of a skip link, nothing.
        const faces = [...(element.labels || [])].filter(shown).map(boxOf);
        const hidden = own.width <= 1 || own.height <= 1 || own.right + scrollX <= 0 || own.bottom + scrollY <= 0;
        if ((hidden || style.opacity === '0') && !faces.length) continue;
        const box = hidden ? union(faces) : is(element, 'input[type=checkbox], input[type=radio]') ? withLabels(element)
          : union([own, ...(element.localName === 'a' ? [...element.children].filter(shown).map(boxOf) : [])]);
        const parent = up(element);
        const inline = style.display === 'inline' && element.localName === 'a' && parent
          && [...parent.childNodes].some((node) => node.nodeType === 3 && node.data.trim().length > 1);
        targets.push({ element, what: describe(element), x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height, inline: Boolean(inline), sure });
      }
      const laidOver = covers();
      for (const target of targets) {
        Object.assign(target, reachable(target.element, target, laidOver));
        delete target.element;
      }
      this.top();
      return {
        overflow: Math.max(0, hidden ? 0 : root.scrollWidth - width,
          ...frames.map((element) => (opened(element) ? inside(element).scrollingElement : element))
            .map((element) => element.scrollWidth - element.clientWidth)),
        wide: [...(hidden ? [] : innermost), ...frames].map(describe).slice(0, 3),
        cut: [...lost].map(describe).slice(0, 3),
        maybe: [...new Set([...maybe].filter((element) => !lost.has(element)).map(describe))].slice(0, 50),
        targets,
      };
    },

    // Begins at the top of the page, with nothing focused. Changes the focus.
    startTabbing() {
      known = controls();
      const element = active();
      if (element && element.blur) element.blur();
      getSelection().removeAllRanges();
      const modal = [...all(document)].find((each) => is(each, 'dialog:modal, [aria-modal=true]') && shown(each));
      return { controls: known.length, dialog: modal ? describe(modal) : '' };
    },
    // What has the focus after Tab: its number among the controls, and how it looks.
    focused() {
      const element = active();
      if (!element || element === document.body || element === document.documentElement) return null;
      reached.add(element);
      const style = getComputedStyle(element);
      const box = withLabels(element);
      const typing = is(element, 'textarea, [contenteditable=""], [contenteditable=true], input:not([type=button], '
        + '[type=submit], [type=reset], [type=checkbox], [type=radio], [type=range], [type=color], [type=file], [type=image])');
      const parent = up(element);
      let number = known.indexOf(element);
      if (number < 0) number = known.push(element) - 1;
      const dialog = closest(element, 'dialog:modal, [aria-modal=true]');
      const seen = plain(element);
      return {
        number,
        plain: seen,
        what: describe(element),
        frame: is(element, FRAMES + ', object, embed'),
        ring: seen && style.outlineStyle === 'auto' && parseFloat(style.outlineWidth) > 0
          && alpha(style.outlineColor) > 0 && !ringless(element, style.outlineColor),
        caret: seen && typing && !element.readOnly && style.caretColor !== 'transparent' && alpha(style.caretColor) > 0,
        alike: [element.localName, element.type, element.className, parent ? parent.localName + parent.className : '',
          backdrop(parent || element)].join('|'),
        box,
        around: around(element),
        onScreen: box.width > 0 && box.height > 0 && box.x < innerWidth && box.y < innerHeight
          && box.x + box.width > 0 && box.y + box.height > 0,
        dialog: dialog ? describe(dialog) : '',
      };
    },
    blur() {
      const element = active();
      if (element && element.blur) element.blur();
    },
    focus(number) {
      if (known[number]) known[number].focus({ preventScroll: true });
    },
    unreached() {
      const missed = known.filter((element) => !reached.has(element) && element.isConnected && shown(element) && !disabled(element));
      const radio = (element) => element.type === 'radio' && [...reached].some((other) => other.type === 'radio'
        && other.name === element.name && other.form === element.form);
      return missed.filter((element) => !radio(element)).map(describe);
    },
    // Only the browser's own tools can tell which elements have listeners: that is left in each window before.
    acting() {
      acts = acting();
    },
    acts: () => [...acts].map(describe),
    // Controls that are hidden, and that a style sheet shows while the mouse is over something, and not with the focus.
    hovered() {
      const found = new Set();
      const without = (selector, state) => selector.trim().replace(new RegExp(`(^|[\\s>+~])${state}`, 'g'), '$1*')
        .replace(new RegExp(state, 'g'), '');
      for (const each of [document, ...[...all(document)].map((element) => element.shadowRoot || opened(element)).filter(Boolean)]) {
        const [byMouse, byFocus] = [[], []];
        const read = (rules) => {
          for (const rule of rules) {
            if (rule.cssRules && rule.cssRules.length) read(rule.cssRules);
            if (!rule.selectorText || !['display', 'visibility', 'opacity', 'clip', 'clip-path', 'height', 'max-height',
              'transform', 'left', 'top'].some((name) => rule.style.getPropertyValue(name))) continue;
            for (const one of rule.selectorText.split(/,(?![^(]*\))/)) {
              if (/:hover/.test(one)) byMouse.push(without(one, ':hover'));
              if (/:focus/.test(one)) byFocus.push(without(one, ':focus(?:-within|-visible)?'));
            }
          }
        };
        for (const sheet of [...each.styleSheets, ...(each.adoptedStyleSheets || [])]) {
          // Those of other origins cannot be read.
          try { read(sheet.cssRules); } catch { continue; }
        }
        const matching = (selectors) => new Set(selectors.flatMap((one) => {
          try { return [...each.querySelectorAll(one)]; } catch { return []; }
        }));
        const kept = matching(byFocus);
        for (const element of matching(byMouse)) {
          const holds = [element, ...all(element)].find((inner) => is(inner, CONTROLS) && !implicit(inner)
            && !is(inner, ':disabled') && !(shown(inner) && opacity(inner) >= 0.1));
          if (holds && !(shown(element) && opacity(element) >= 0.1) && ![...chain(element)].some((outer) => kept.has(outer))) found.add(element);
        }
      }
      return [...found].map(describe);
    },
    finished() {
      const endless = (each) => each.effect && each.effect.getComputedTiming().endTime === Infinity;
      return animations().every((each) => each.playState !== 'running' || endless(each));
    },
  };
})()
