// Runs in every page before its own scripts: keeps what cannot be asked for afterwards.
(() => {
  const seen = { fcp: null, lcp: null, largest: null, area: 0, shifts: [], tasks: [], workers: [], timers: new Map(), frames: [] };
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
  const keep = (timer, wait, again = false) => {
    if (seen.timers.size >= 1000) seen.timers.forEach((each, old) => each.again || each.at > now() || seen.timers.delete(old));
    if (seen.timers.size < 1000) seen.timers.set(timer, { at: now() + wait, again: again ? wait : 0 });
  };
  for (const [set, clear, again] of [['setTimeout', 'clearTimeout', false], ['setInterval', 'clearInterval', true]]) {
    const [start, stop] = [window[set], window[clear]];
    window[set] = function (what, delay, ...more) {
      const number = start.call(window, what, delay, ...more);
      keep(number, Number(delay) || 0, again);
      return number;
    };
    window[clear] = function (number) {
      seen.timers.delete(number);
      return stop.call(window, number);
    };
  }
  if (window.AbortSignal && AbortSignal.timeout) {
    const { timeout } = AbortSignal;
    AbortSignal.timeout = function (wait) {
      const signal = timeout.call(AbortSignal, wait);
      keep({}, Number(wait) || 0);
      return signal;
    };
  }
  if (window.Scheduler && Scheduler.prototype.postTask) {
    const { postTask } = Scheduler.prototype;
    Scheduler.prototype.postTask = function (task, options) {
      if (options && options.delay > 0) keep({}, Number(options.delay) || 0);
      return postTask.call(this, task, options);
    };
  }
  // Whether it draws frame by frame, the last calls tell.
  const draw = window.requestAnimationFrame;
  window.requestAnimationFrame = function (step) {
    seen.frames = [...seen.frames.slice(-2), now()];
    return draw.call(window, step);
  };
  Object.defineProperty(window, Symbol.for('pytest-readiness'), { value: seen });
})();
