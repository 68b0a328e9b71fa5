// Which texts do not look as axe computed them: their background has another colour, or something else is painted on it,
// or no pixel comes near to their own colour, or one has the contrast that axe denies. Edges of letters are mixtures of
// both colours. Returns their numbers.
async ([data, texts]) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + data;
  await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const light = (colour) => colour.map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const commonest = ({ x, y, width, height }) => {
    const [wide, high] = [Math.floor(width) - 2, Math.floor(height) - 2];
    if (wide < 1 || high < 1) return null;
    const pixels = context.getImageData(Math.ceil(x) + 1, Math.ceil(y) + 1, wide, high).data;
    const counts = new Map();
    for (let at = 0; at < pixels.length; at += 4) {
      const colour = pixels[at] * 65536 + pixels[at + 1] * 256 + pixels[at + 2];
      counts.set(colour, (counts.get(colour) || 0) + 1);
    }
    const [most] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one));
    return [most >> 16, (most >> 8) & 255, most & 255];
  };
  const wrong = [];
  for (const { number, boxes, back: told, front, needed, holds, native } of texts) {
    const back = native && commonest(boxes[0]) || told;
    const way = front.map((value, n) => value - back[n]), length = way.reduce((sum, value) => sum + value * value, 0);
    if (!length) continue;
    let all = 0, plain = 0, mixed = 0;
    const steps = new Array(21).fill(0);
    for (const box of boxes) {
      // Not the outermost pixels, which may belong to what is beside the text.
      const left = Math.max(0, Math.ceil(box.x) + 1), top = Math.max(0, Math.ceil(box.y) + 1);
      const right = Math.min(image.width, Math.floor(box.x + box.width) - 1);
      const bottom = Math.min(image.height, Math.floor(box.y + box.height) - 1);
      if (right - left < 2 || bottom - top < 2) continue;
      const pixels = context.getImageData(left, top, right - left, bottom - top).data;
      for (let at = 0; at < pixels.length; at += 4) {
        all++;
        const off = [0, 1, 2].map((n) => pixels[at + n] - back[n]);
        if (off.every((value) => Math.abs(value) <= 6)) { plain++; continue; }
        const far = off.reduce((sum, value, n) => sum + value * way[n], 0) / length;
        if (far < 0 || far > 1.15 || off.some((value, n) => Math.abs(value - far * way[n]) > 10)) continue;
        mixed++;
        steps[Math.min(20, Math.round(far * 20))]++;
      }
    }
    if (!all) continue;
    const most = steps.findLastIndex((count) => count >= 3) / 20;
    const seen = most <= 0 ? 1 : contrast(back, back.map((value, n) => value + most * way[n]));
    // axe computes the contrast of a field's own colour, and the picture may show that of its placeholder.
    const denied = contrast(back, front) < needed - 0.1 || (most < 0.5 && seen < needed);
    const other = all - plain - mixed;
    if (plain < 0.3 * all || other > 0.15 * all || other > mixed || (holds ? denied : seen >= needed)) {
      wrong.push(number);
    }
  }
  return wrong;
}
