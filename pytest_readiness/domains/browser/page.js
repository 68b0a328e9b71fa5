// An expression: the questions that a visit asks of a page. Nothing here changes the page, unless it says so.
(() => {
  const cut = (text, length = 60) => {
    const line = (text || '').replace(/\s+/g, ' ').trim();
    return line.length > length ? line.slice(0, length - 1) + '…' : line;
  };

  // The elements of the page, with those in open shadow trees.
  function* all(root) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.shadowRoot) yield* all(element.shadowRoot);
    }
  }

  const up = (element) => element.parentElement || (element.getRootNode() || {}).host || null;
  const closest = (element, selector) => {
    for (let each = element; each; each = up(each)) if (each.matches(selector)) return each;
    return null;
  };

  // A short selector and what a person reads there.
  const describe = (element) => {
    let selector = element.localName;
    if (element.id) selector += '#' + element.id;
    else if (element.classList.length) selector += '.' + [...element.classList].slice(0, 2).join('.');
    const label = element.getAttribute('aria-label') || element.getAttribute('alt') || element.getAttribute('name')
      || element.innerText || element.value && element.type !== 'password' && element.value
      || (element.getAttribute('src') || '').split(/[?#]/)[0].split('/').pop();
    return cut(selector, 80) + (label && element !== document.body ? ' “' + cut(label, 40) + '”' : '');
  };

  const shown = (element) => {
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

  const disabled = (element) => element.matches(':disabled') || closest(element, '[inert], [aria-hidden=true]')
    || element.getAttribute('aria-disabled') === 'true';
  const implicit = (element) => element.matches('[tabindex="-1"]')
    && !element.matches('a[href], button, input, select, textarea, [role=button], [role=link], [role=checkbox], '
      + '[role=switch], [role=textbox], [role=combobox], [role=searchbox]');

  // What Tab should reach. Of a radio group, one.
  const controls = () => {
    const groups = new Set();
    const found = [];
    for (const element of all(document)) {
      if (!element.matches(CONTROLS) || !shown(element) || disabled(element) || implicit(element)) continue;
      if (element.matches('[tabindex^="-"]') && closest(up(element) || element, COMPOSITES)) continue;
      if (element.localName === 'summary' && !element.matches('details > summary:first-of-type')) continue;
      if (element.localName === 'iframe' && element.matches('[tabindex^="-"]')) continue;
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

  const active = () => {
    let element = document.activeElement;
    while (element && element.shadowRoot && element.shadowRoot.activeElement) element = element.shadowRoot.activeElement;
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
    return union([element, ...labels].map((each) => each.getBoundingClientRect()));
  };

  let known = [];
  const reached = new Set();

  return {
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
        media: deep.filter((each) => each.matches('img, video, canvas, svg, picture, object, embed') && shown(each)
          && !(each.localName === 'img' && !each.naturalWidth)).length,
        controls: deep.filter((each) => each.matches('a[href], button, input:not([type=hidden]), select, textarea')
          && shown(each)).length,
        viewport: (document.querySelector('meta[name=viewport i]') || { content: null }).content,
      };
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

    // Scrolls to the end, so that what is loaded lazily is asked for; at most so many screens.
    async scroll(screens) {
      for (let n = 0; n < screens; n++) {
        const before = scrollY;
        scrollBy({ top: innerHeight, behavior: 'instant' });
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
        if (scrollY === before) break;
      }
    },
    top() {
      scrollTo({ top: 0, left: 0, behavior: 'instant' });
    },

    images() {
      return [...all(document)].filter((each) => each.localName === 'img').map((image) => {
        const style = getComputedStyle(image);
        const ratio = style.aspectRatio && !/^auto( \d+ \/ \d+)?$/.test(style.aspectRatio);
        const attributes = image.hasAttribute('width') && image.hasAttribute('height');
        // The style as written, not as computed: a computed size is always in pixels.
        const map = image.computedStyleMap ? image.computedStyleMap() : null;
        const fixed = (name) => map && map.get(name) && String(map.get(name)) !== 'auto';
        return {
          what: describe(image),
          url: image.currentSrc || image.src || '',
          state: !image.complete || (!image.currentSrc && image.loading === 'lazy') ? 'pending'
            : image.naturalWidth ? 'loaded' : 'broken',
          reserved: attributes || (fixed('height') && (fixed('width') || ratio)) || (ratio && fixed('width'))
            || style.position === 'absolute' || style.position === 'fixed',
          lazy: image.loading === 'lazy',
          top: image.getBoundingClientRect().top + scrollY,
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
        for (const track of video.querySelectorAll('track[kind=captions], track[kind=subtitles], track:not([kind])')) {
          if (track.track.mode === 'disabled') track.track.mode = 'hidden';
          for (let n = 0; n < 30 && track.readyState < 2; n++) await new Promise((done) => setTimeout(done, 100));
          const cues = track.track.cues ? track.track.cues.length : 0;
          const named = (track.kind || 'subtitles') + (track.srclang ? ' ' + cut(track.srclang, 20) : '');
          if (track.readyState === 2 && cues) tracks.push(`${named} with ${cues} cues`);
          else empty.push(`${named} ${track.readyState === 3 ? 'cannot be loaded' : 'holds no cues'}`);
        }
        // Tracks that a player adds by script have no element.
        for (const track of video.textTracks) {
          const own = [...video.querySelectorAll('track')].some((each) => each.track === track);
          if (own || !['captions', 'subtitles'].includes(track.kind)) continue;
          const cues = track.cues ? track.cues.length : 0;
          (cues ? tracks : empty).push(`${track.kind} ${cut(track.language, 20)} with ${cues} cues`);
        }
        found.push({ what: describe(video), tracks, empty });
      }
      return found;
    },
    players() {
      const known = /(^|\.)(youtube(-nocookie)?\.com|youtu\.be|vimeo\.com|dailymotion\.com|wistia\.(com|net)|brightcove\.net|jwplayer\.com|loom\.com|twitch\.tv)$/;
      const hosts = [...all(document)].filter((each) => each.localName === 'iframe').map((frame) => {
        try { return new URL(frame.src).hostname; } catch { return ''; }
      });
      return [...new Set(hosts.filter((host) => known.test(host)))];
    },

    layout() {
      const root = document.scrollingElement || document.documentElement;
      const width = document.documentElement.clientWidth;
      const hidden = [document.documentElement, document.body].some((each) => each
        && ['hidden', 'clip'].includes(getComputedStyle(each).overflowX));
      // Applications often scroll an element that holds the whole page, instead of the page.
      const words = document.body ? document.body.innerText.length : 0;
      const frames = [...(document.body ? all(document.body) : [])].filter((element) =>
        ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.scrollWidth > element.clientWidth + 1
        && (element.innerText || '').length >= 0.9 * words && shown(element));
      // A container that scrolls by itself, such as one around a table, keeps its width to itself.
      const contained = (element) => {
        for (let each = up(element); each && each !== document.body && each !== document.documentElement; each = up(each)) {
          if (getComputedStyle(each).overflowX !== 'visible') return each.getBoundingClientRect().right <= width + 1;
        }
        return false;
      };
      const out = [...(document.body ? all(document.body) : [])].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.right + scrollX > width + 1 && box.left + scrollX < width && shown(element)
          && getComputedStyle(element).position !== 'fixed' && !contained(element);
      });
      const innermost = out.filter((element) => !out.some((other) => other !== element && element.contains(other)));
      const content = (element) => element.matches('img, video, canvas, svg, iframe, ' + CONTROLS)
        || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      const targets = [];
      for (const element of all(document)) {
        if (targets.length >= 500) break;
        if (!element.matches(CONTROLS) || element.matches('iframe, video, audio, [contenteditable]') || !shown(element)) continue;
        if (disabled(element) || implicit(element)) continue;
        const own = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        // Hidden from sight (a skip link): nobody taps on it.
        if (own.width <= 1 || own.height <= 1 || own.right + scrollX <= 0 || own.bottom + scrollY <= 0
          || (style.opacity === '0' && !(element.labels || []).length)) continue;
        const box = element.matches('input[type=checkbox], input[type=radio]') ? withLabels(element)
          : union([own, ...(element.localName === 'a' ? [...element.children].filter(shown).map((each) => each.getBoundingClientRect()) : [])]);
        const parent = up(element);
        const inline = style.display === 'inline' && element.localName === 'a' && parent
          && [...parent.childNodes].some((node) => node.nodeType === 3 && node.data.trim().length > 1);
        targets.push({ what: describe(element), x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height, inline: Boolean(inline) });
      }
      return {
        overflow: Math.max(0, hidden ? 0 : root.scrollWidth - width,
          ...frames.map((element) => element.scrollWidth - element.clientWidth)),
        wide: [...(hidden ? [] : innermost), ...frames].map(describe).slice(0, 3),
        cut: hidden ? innermost.filter(content).map(describe).slice(0, 3) : [],
        targets,
      };
    },

    // Begins at the top of the page, with nothing focused. Changes the focus.
    startTabbing() {
      known = controls();
      const element = active();
      if (element && element.blur) element.blur();
      getSelection().removeAllRanges();
      const modal = [...all(document)].find((each) => each.matches('dialog:modal, [aria-modal=true]') && shown(each));
      return { controls: known.length, dialog: modal ? describe(modal) : '' };
    },
    // What has the focus after Tab: its number among the controls, and how it looks.
    focused() {
      const element = active();
      if (!element || element === document.body || element === document.documentElement) return null;
      reached.add(element);
      const style = getComputedStyle(element);
      const box = withLabels(element);
      const typing = element.matches('textarea, [contenteditable=""], [contenteditable=true], input:not([type=button], '
        + '[type=submit], [type=reset], [type=checkbox], [type=radio], [type=range], [type=color], [type=file], [type=image])');
      const parent = up(element);
      let number = known.indexOf(element);
      if (number < 0) number = known.push(element) - 1;
      const dialog = closest(element, 'dialog:modal, [aria-modal=true]');
      return {
        number,
        what: describe(element),
        frame: element.localName === 'iframe',
        ring: style.outlineStyle === 'auto' && parseFloat(style.outlineWidth) > 0 && alpha(style.outlineColor) > 0,
        caret: typing && !element.readOnly && style.caretColor !== 'transparent' && alpha(style.caretColor) > 0,
        alike: [element.localName, element.type, element.className, parent ? parent.localName + parent.className : '',
          backdrop(parent || element)].join('|'),
        box,
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
    describe: (element) => describe(element),
  };
})()
