// What draws a scene: one interface, met by WebGL2 and by a plain 2D canvas.
import type { Disposable } from '../../../src/base/disposable';
import type { Theme } from '../../common/theme';
import type { Scene } from '../layout/scene';
import type { Camera } from './camera';

/** What changes without a new scene. */
export interface Emphasis {
  /** Card numbers, −1 for none. */
  readonly selected: number;
  readonly hovered: number;
  /** One byte per card, 1 = dimmed (does not match the search); undefined when nothing is searched. */
  readonly dimmed: Uint8Array | undefined;
}

export interface Renderer extends Disposable {
  readonly name: 'webgl2' | 'canvas';
  /** Edge curves as line segments: x0, y0, x1, y1 each. */
  setScene(scene: Scene, segments: Float32Array): void;
  /** Per card: position on the colour scale (negative: no figure), then share of the total 0…1. */
  setHeat(heat: Float32Array): void;
  setEmphasis(emphasis: Emphasis, segments: Float32Array): void;
  setTheme(theme: Theme): void;
  resize(width: number, height: number, pixelRatio: number): void;
  draw(camera: Camera): void;
  /** Cards the last draw handed to the screen. */
  drawnCards(): number;
}

/** Points of one S-curve between two corners that lie apart in both directions. */
const curveSteps = 8;

/** Straight runs stay straight; a run that moves sideways and down becomes an S with vertical ends. */
export function toSegments(scene: Scene, only?: (edge: number) => boolean): Float32Array {
  const { corners, cornerStart } = scene;
  const segments: number[] = [];
  for (let edge = 0; edge + 1 < cornerStart.length; edge += 1) {
    if (only !== undefined && !only(edge)) continue;
    const end = (cornerStart[edge + 1] ?? 0) - 2;
    for (let at = cornerStart[edge] ?? 0; at < end; at += 2) {
      addRun(segments, corners[at] ?? 0, corners[at + 1] ?? 0, corners[at + 2] ?? 0, corners[at + 3] ?? 0);
    }
  }
  return Float32Array.from(segments);
}

function addRun(segments: number[], x0: number, y0: number, x1: number, y1: number): void {
  if (Math.abs(x0 - x1) < 0.5 || Math.abs(y0 - y1) < 0.5) {
    if (x0 !== x1 || y0 !== y1) segments.push(x0, y0, x1, y1);
    return;
  }
  let lastX = x0;
  let lastY = y0;
  for (let step = 1; step <= curveSteps; step += 1) {
    const t = step / curveSteps;
    // Cubic Bézier with control points (x0, middle) and (x1, middle).
    const middle = (y0 + y1) / 2;
    const u = 1 - t;
    const x = (u * u * u + 3 * u * u * t) * x0 + (3 * u * t * t + t * t * t) * x1;
    const y = u * u * u * y0 + (3 * u * u * t + 3 * u * t * t) * middle + t * t * t * y1;
    segments.push(lastX, lastY, x, y);
    lastX = x;
    lastY = y;
  }
}
