// Runs axe-core in a world of its own, in which the page's scripts have changed nothing. Returns what its rules say, and
// the colours that it computed.
(async (tags) => {
  const result = await axe.run(document, {
    runOnly: { type: 'tag', values: tags }, resultTypes: ['passes', 'violations', 'incomplete'],
  });
  // A list through frames, in which a list goes through shadow trees.
  const selector = (target) => target.map((part) => (typeof part === 'string' ? part : part.join(' >>> '))).join(' > ');
  const texts = ['passes', 'violations'].flatMap((kind) => {
    const rule = result[kind].find((each) => each.id === 'color-contrast');
    return (rule ? rule.nodes.slice(0, 2000) : []).map((node) => {
      const { bgColor, fgColor, expectedContrastRatio } = (node.any[0] || {}).data || {};
      return { target: node.target, point: selector(node.target), back: bgColor, front: fgColor,
        needed: parseFloat(expectedContrastRatio) || 4.5, holds: kind === 'passes' };
    });
  });
  const undecided = result.incomplete.find((each) => each.id === 'color-contrast');
  texts.push(...(undecided ? undecided.nodes.slice(0, 2000) : []).map((node) => ({ target: node.target })));
  const told = (rule) => {
    const first = rule.nodes[0] || {};
    const why = ['any', 'all', 'none'].flatMap((kind) => first[kind] || []).map((check) => check.message);
    const { id, impact, help, tags: belongs } = rule;
    return { id, impact, help, tags: belongs, count: rule.nodes.length, reason: why.join('; ').slice(0, 1000),
      points: rule.nodes.slice(0, 200).map((node) => selector(node.target)) };
  };
  return { version: result.testEngine.version, passes: result.passes.map(told),
    violations: result.violations.map(told), incomplete: result.incomplete.map(told), texts };
})
