// Where the person looks: a world point at the view's top left corner, and screen pixels per world unit.
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export const leastScale = 0.004;
export const greatestScale = 3;
/** Room left around what is fitted, in screen pixels. */
const margin = 24;

export function clampScale(scale: number): number {
  return Math.min(greatestScale, Math.max(leastScale, scale));
}

/** Zooms by a factor with the world point under (screenX, screenY) staying where it is. */
export function zoomAt(camera: Camera, factor: number, screenX: number, screenY: number): Camera {
  const scale = clampScale(camera.scale * factor);
  return {
    x: camera.x + screenX / camera.scale - screenX / scale,
    y: camera.y + screenY / camera.scale - screenY / scale,
    scale,
  };
}

/** Shows the whole box in the middle, never larger than life. */
export function fit(box: Box, view: Size): Camera {
  const room = { width: Math.max(1, view.width - margin * 2), height: Math.max(1, view.height - margin * 2) };
  const scale = clampScale(Math.min(1, room.width / Math.max(1, box.width), room.height / Math.max(1, box.height)));
  return { x: box.x - (view.width / scale - box.width) / 2, y: box.y - (view.height / scale - box.height) / 2, scale };
}

/** From this scale on, a model that is seen whole can be read. */
const readable = 0.8;

/**
 * Like {@link fit}, but readable: a model too large to read as a whole is shown from its top in full size, with the
 * middle of what it starts with (`startX`) in view: a wide model's left edge may hold nothing for screens.
 */
export function open(box: Box, view: Size, startX = box.x + box.width / 2): Camera {
  const whole = fit(box, view);
  if (whole.scale >= readable) return whole;
  const x = box.width <= view.width - margin * 2 ? box.x - (view.width - box.width) / 2 : startX - view.width / 2;
  const y = box.height <= view.height - margin * 2 ? box.y - (view.height - box.height) / 2 : box.y - margin;
  return { x, y, scale: 1 };
}

/** Moves as little as needed to have the box in view at a readable size; centres it when it was far away. */
export function reveal(camera: Camera, box: Box, view: Size): Camera {
  const scale = camera.scale < 0.6 ? 1 : camera.scale;
  const seen = { width: view.width / scale, height: view.height / scale };
  const pad = margin / scale;
  const centreX = box.x + box.width / 2;
  const centreY = box.y + box.height / 2;
  const inside = scale === camera.scale && box.x >= camera.x && box.y >= camera.y && box.x + box.width <= camera.x + seen.width && box.y + box.height <= camera.y + seen.height;
  if (inside) return camera;
  const near = scale === camera.scale && Math.abs(centreX - camera.x - seen.width / 2) < seen.width && Math.abs(centreY - camera.y - seen.height / 2) < seen.height;
  if (!near) return { x: centreX - seen.width / 2, y: box.height > seen.height ? box.y - pad : centreY - seen.height / 2, scale };
  const slide = (from: number, length: number, at: number, room: number): number => {
    if (length + pad * 2 > room) return from - pad;
    return Math.min(from - pad, Math.max(from + length + pad - room, at));
  };
  return { x: slide(box.x, box.width, camera.x, seen.width), y: slide(box.y, box.height, camera.y, seen.height), scale };
}
