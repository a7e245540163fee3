// Draws a scene on a plain 2D canvas, where WebGL2 is missing: only what is in view, and no edges when zoomed far out.
import type Flatbush from 'flatbush';
import { cividisCss } from '../../common/cividis';
import { css, type Theme } from '../../common/theme';
import { cardKind, type Scene } from '../layout/scene';
import type { Camera } from './camera';
import type { Emphasis, Renderer } from './renderer';
import { indexBoxes } from './spatial';

/** Beyond this many edge segments in view the lines are left out: a 2D canvas takes too long over them. */
const segmentLimit = 30_000;

export class CanvasRenderer implements Renderer {
  readonly name = 'canvas';
  private scene: Scene | undefined;
  private index: Flatbush | undefined;
  private segmentIndex: Flatbush | undefined;
  private segments: Float32Array = new Float32Array();
  private markedSegments: Float32Array = new Float32Array();
  private heat: Float32Array = new Float32Array();
  private emphasis: Emphasis = { selected: -1, hovered: -1, dimmed: undefined };
  private width = 1;
  private height = 1;
  private pixelRatio = 1;
  private drawn = 0;

  static create(canvas: HTMLCanvasElement, theme: Theme): CanvasRenderer | undefined {
    const context = canvas.getContext('2d');
    return context === null ? undefined : new CanvasRenderer(canvas, context, theme);
  }

  private constructor(private readonly canvas: HTMLCanvasElement, private readonly context: CanvasRenderingContext2D, private theme: Theme) {}

  setScene(scene: Scene, segments: Float32Array): void {
    this.scene = scene;
    this.segments = segments;
    this.markedSegments = new Float32Array();
    this.heat = new Float32Array(scene.count * 2).fill(-1);
    this.index = indexBoxes(scene.boxes);
    const boxes = new Float32Array(segments.length);
    for (let at = 0; at < segments.length; at += 4) {
      const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = segments.subarray(at, at + 4);
      boxes.set([Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)], at);
    }
    this.segmentIndex = indexBoxes(boxes);
  }

  setHeat(heat: Float32Array): void {
    this.heat = heat;
  }

  setEmphasis(emphasis: Emphasis, segments: Float32Array): void {
    this.emphasis = emphasis;
    this.markedSegments = segments;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
    this.canvas.width = Math.max(1, Math.round(width * pixelRatio));
    this.canvas.height = Math.max(1, Math.round(height * pixelRatio));
  }

  draw(camera: Camera): void {
    const { context, scene, index } = this;
    context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.drawn = 0;
    if (scene === undefined || index === undefined) return;
    const seen = index.search(camera.x, camera.y, camera.x + this.width / camera.scale, camera.y + this.height / camera.scale).sort((a, b) => a - b);
    const frameEnd = seen.findIndex((card) => card >= scene.frames);
    const cut = frameEnd < 0 ? seen.length : frameEnd;
    for (const card of seen.slice(0, cut)) this.drawCard(scene, card, camera);
    this.drawEdges(camera);
    for (const card of seen.slice(cut)) this.drawCard(scene, card, camera);
    this.drawn = seen.length;
  }

  drawnCards(): number {
    return this.drawn;
  }

  dispose(): void {
    this.scene = undefined;
  }

  private drawCard(scene: Scene, card: number, camera: Camera): void {
    const { context, theme } = this;
    const [left = 0, top = 0, width = 0, height = 0] = scene.boxes.subarray(card * 4, card * 4 + 4);
    const kind = scene.kind[card] ?? cardKind.layer;
    const heat = this.heat[card * 2] ?? -1;
    const hot = heat >= 0 && (kind === cardKind.layer || kind === cardKind.group);
    const box = [(left - camera.x) * camera.scale, (top - camera.y) * camera.scale, width * camera.scale, height * camera.scale] as const;
    const radius = Math.min(kind >= cardKind.input ? box[3] / 2 : 4 * camera.scale, box[2] / 2);
    context.globalAlpha = this.emphasis.dimmed?.[card] === 1 ? 0.22 : 1;
    context.beginPath();
    context.roundRect(...box, radius);
    context.fillStyle = hot ? cividisCss(heat) : css(kind === cardKind.frame ? theme.frame : kind >= cardKind.input ? theme.background : theme.input);
    context.fill();
    const mark = card === this.emphasis.selected ? 2 : card === this.emphasis.hovered ? 1 : 0;
    context.lineWidth = mark === 2 ? 2 : 1;
    context.strokeStyle = mark > 0 ? css(theme.focus) : css(theme.border);
    if (mark > 0 || box[3] > 6) context.stroke();
    if (kind === cardKind.group && hot && box[3] > 20) {
      context.fillStyle = css(theme.foreground, 0.8);
      context.fillRect(box[0] + 8 * camera.scale, box[1] + box[3] - 4 * camera.scale, (box[2] - 16 * camera.scale) * (this.heat[card * 2 + 1] ?? 0), 2.5 * camera.scale);
    }
    context.globalAlpha = 1;
  }

  private drawEdges(camera: Camera): void {
    const { context, theme } = this;
    const found = this.segmentIndex?.search(camera.x, camera.y, camera.x + this.width / camera.scale, camera.y + this.height / camera.scale) ?? [];
    if (found.length <= segmentLimit) {
      context.strokeStyle = css(theme.edge, 0.7);
      context.lineWidth = 1;
      context.beginPath();
      for (const segment of found) this.trace(this.segments, segment * 4, camera);
      context.stroke();
    }
    context.strokeStyle = css(theme.focus);
    context.lineWidth = 2;
    context.beginPath();
    for (let at = 0; at < this.markedSegments.length; at += 4) this.trace(this.markedSegments, at, camera);
    context.stroke();
  }

  private trace(segments: Float32Array, at: number, camera: Camera): void {
    this.context.moveTo(((segments[at] ?? 0) - camera.x) * camera.scale, ((segments[at + 1] ?? 0) - camera.y) * camera.scale);
    this.context.lineTo(((segments[at + 2] ?? 0) - camera.x) * camera.scale, ((segments[at + 3] ?? 0) - camera.y) * camera.scale);
  }
}
