// Runs in every page before its own scripts: keeps what cannot be asked for afterwards.
(() => {
  const seen = { fcp: null, lcp: null, largest: null, area: 0, shifts: [], tasks: [], workers: [], timers: new Map() };
  const watch = (type, take) => {
    try {
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    } catch {
      // The engine does not know this type.
    }
  };
  watch('paint', (entry) => {
    if (entry.name === 'first-contentful-paint') seen.fcp = entry.startTime;
  });
  watch('largest-contentful-paint', (entry) => {
    seen.lcp = entry.startTime;
    seen.largest = entry.element;
    seen.area = entry.size;
  });
  watch('layout-shift', (entry) => {
    if (entry.hadRecentInput) return;
    const nodes = (entry.sources || []).map((source) => source.node).filter((node) => node && node.nodeType === 1);
    seen.shifts.push({ at: entry.startTime, value: entry.value, nodes });
  });
  watch('longtask', (entry) => seen.tasks.push([entry.startTime, entry.duration]));
  // Nothing else tells whether the script of a service worker was got.
  const container = window.ServiceWorkerContainer && ServiceWorkerContainer.prototype;
  if (container) {
    const register = container.register;
    container.register = function (script, ...more) {
      const worker = { url: String(script), state: '' };
      try { worker.url = new URL(script, document.baseURI).href; } catch { /* The browser says so itself. */ }
      seen.workers.push(worker);
      // A failure is handed on: whether nobody catches it, the browser tells.
      return register.call(this, script, ...more).then((done) => {
        worker.state = 'registered';
        return done;
      }, (error) => {
        worker.state = String((error && error.message) || error);
        throw error;
      });
    };
  }
  // When timers are to fire: what a page does by them is waited for, as is what it does after an answer.
  const now = () => performance.now();
  for (const [set, clear, again] of [['setTimeout', 'clearTimeout', false], ['setInterval', 'clearInterval', true]]) {
    const [start, stop] = [window[set], window[clear]];
    window[set] = function (what, delay, ...more) {
      const number = start.call(window, what, delay, ...more);
      const wait = Number(delay) || 0;
      if (seen.timers.size >= 1000) seen.timers.forEach((timer, old) => timer.again || timer.at > now() || seen.timers.delete(old));
      if (seen.timers.size < 1000) seen.timers.set(number, { at: now() + wait, again: again ? wait : 0 });
      return number;
    };
    window[clear] = function (number) {
      seen.timers.delete(number);
      return stop.call(window, number);
    };
  }
  Object.defineProperty(window, Symbol.for('pytest-readiness'), { value: seen });
})();
