// Cividis (Nuñez, Anderton, Renslow 2018): a colour map that reads the same with and without red-green colour blindness.

export type Rgb = readonly [red: number, green: number, blue: number];

/** Ten equally spaced samples of the published map (as viridisLite prints them), 0–255; linear in between. */
const samples: readonly Rgb[] = [
  [0x00, 0x20, 0x4d], [0x00, 0x33, 0x6f], [0x39, 0x48, 0x6b], [0x57, 0x5c, 0x6d], [0x70, 0x71, 0x73],
  [0x8a, 0x87, 0x79], [0xa6, 0x9d, 0x75], [0xc4, 0xb5, 0x6c], [0xe4, 0xcf, 0x5b], [0xff, 0xea, 0x46],
];

/** Colour at `position` in 0…1. */
export function cividis(position: number): Rgb {
  const scaled = Math.min(1, Math.max(0, position)) * (samples.length - 1);
  const low = Math.floor(scaled);
  const from = samples[low] ?? [0, 0, 0];
  const to = samples[Math.min(low + 1, samples.length - 1)] ?? from;
  const mix = scaled - low;
  return [from[0] + (to[0] - from[0]) * mix, from[1] + (to[1] - from[1]) * mix, from[2] + (to[2] - from[2]) * mix];
}

/** CSS form of {@link cividis}. */
export function cividisCss(position: number): string {
  const [red, green, blue] = cividis(position);
  return `rgb(${Math.round(red).toString()}, ${Math.round(green).toString()}, ${Math.round(blue).toString()})`;
}

/** 256 RGBA texels for the renderer's colour-map texture. */
export function cividisTexture(): Uint8Array {
  const texels = new Uint8Array(256 * 4);
  for (let index = 0; index < 256; index += 1) {
    const [red, green, blue] = cividis(index / 255);
    texels.set([Math.round(red), Math.round(green), Math.round(blue), 255], index * 4);
  }
  return texels;
}

/** Relative luminance of an sRGB colour, 0…1 (WCAG 2.2). */
export function luminance([red, green, blue]: Rgb): number {
  const linear = (channel: number): number => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast ratio of two luminances, 1…21 (WCAG 2.2). */
export function contrast(first: number, second: number): number {
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
}

/** Where along the map black text begins to read better than white. */
const blackFrom = ((): number => {
  for (let position = 0; position <= 1; position += 1 / 256) {
    const ground = luminance(cividis(position));
    if (contrast(ground, 0) > contrast(ground, 1)) return position;
  }
  return 1;
})();

/** Black or white, whichever has the greater contrast on the map at `position`. */
export function textOn(position: number): '#000000' | '#ffffff' {
  return position >= blackFrom ? '#000000' : '#ffffff';
}
