// Which texts of a page are too faint: contrast of colour and ground as WCAG 2.2 (1.4.3) defines it, at least 4.5 : 1.

/** Runs in the page, as text. Gives every visible text whose contrast is too low; what is disabled is exempt. */
export const faintTexts = `(() => {
  const least = 4.5;
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parse = (colour) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, ground) => [0, 1, 2].map((index) => top[index] * top[3] + ground[index] * (1 - top[3]));
  const linear = (channel) => channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const above = (element) => element.assignedSlot ?? element.parentElement ?? (element.getRootNode() instanceof ShadowRoot ? element.getRootNode().host : null);
  const groundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = above(at)) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
  };
  const opacityOf = (element) => {
    let opacity = 1;
    for (let at = element; at !== null; at = above(at)) opacity *= Number(getComputedStyle(at).opacity);
    return opacity;
  };
  const exempt = (element) => {
    for (let at = element; at !== null; at = above(at)) if (at.matches('[disabled], [aria-disabled=true], .hidden, [aria-hidden=true], script, style')) return true;
    return false;
  };
  const faint = [];
  const look = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (node.shadowRoot !== null) look(node.shadowRoot);
        continue;
      }
      const element = node.parentElement;
      if (node.data.trim() === '' || element === null || element.getClientRects().length === 0 || exempt(element)) continue;
      const ground = groundOf(element);
      const [red, green, blue, alpha] = parse(getComputedStyle(element).color);
      const ink = over([red, green, blue, alpha * opacityOf(element)], ground);
      const [low, high] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < least) faint.push({ text: node.data.trim().slice(0, 40), in: element.className || element.tagName, ratio: Number(ratio.toFixed(2)) });
    }
  };
  look(document.body);
  return faint;
})()`;
