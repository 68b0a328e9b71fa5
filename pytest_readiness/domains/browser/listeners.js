// Runs in each window with the functions of the browser's console, which know the listeners of every element.
(() => {
  const found = new Map();
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      const types = Object.keys(getEventListeners(element));
      if (types.length) found.set(element, types);
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  window[Symbol.for('pytest-readiness listeners')] = found;
})()
