// Text on the cards: a 2D canvas over the graph, drawn for what is in view and legible at the present zoom.
import type Flatbush from 'flatbush';
import { textOn } from '../../common/cividis';
import { css, type Theme } from '../../common/theme';
import type { CardText } from '../cardText';
import { cardKind, framePadding, type Scene } from '../layout/scene';
import type { Camera } from './camera';

/** The canvas is larger than the view by this much on every side, so that panning moves it instead of drawing again. */
const overscan = 160;
/** Below this zoom a card shows its title only, below the next nothing but wide group names. */
const detailFrom = 0.72;
const titleFrom = 0.42;
/** Least font size in screen pixels that is worth drawing. */
const leastFont = 9;
/** Group names drawn when zoomed out: the widest first. */
const overviewLimit = 150;

export interface LabelSource {
  readonly scene: Scene;
  readonly index: Flatbush | undefined;
  readonly heat: Float32Array;
  readonly text: (card: number) => CardText;
}

export class Labels {
  private drawnAt: Camera | undefined;
  private width = 0;
  private height = 0;
  private pixelRatio = 1;
  private readonly fitted = new Map<string, string>();
  private readonly context: CanvasRenderingContext2D | null;
  private font = '';

  constructor(private readonly canvas: HTMLCanvasElement, private theme: Theme) {
    this.context = canvas.getContext('2d');
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.fitted.clear();
    this.invalidate();
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.width = width;
    this.height = height;
    this.pixelRatio = pixelRatio;
    const { canvas } = this;
    canvas.width = Math.round((width + overscan * 2) * pixelRatio);
    canvas.height = Math.round((height + overscan * 2) * pixelRatio);
    canvas.style.width = `${(width + overscan * 2).toString()}px`;
    canvas.style.height = `${(height + overscan * 2).toString()}px`;
    this.invalidate();
  }

  /** The words or colours changed: the next draw starts anew. */
  invalidate(): void {
    this.drawnAt = undefined;
  }

  draw(camera: Camera, source: LabelSource | undefined): void {
    const last = this.drawnAt;
    if (last !== undefined && last.scale === camera.scale) {
      const moveX = (last.x - camera.x) * camera.scale;
      const moveY = (last.y - camera.y) * camera.scale;
      if (Math.abs(moveX) < overscan && Math.abs(moveY) < overscan) {
        this.canvas.style.transform = `translate(${(moveX - overscan).toString()}px, ${(moveY - overscan).toString()}px)`;
        return;
      }
    }
    this.drawnAt = camera;
    this.canvas.style.transform = `translate(${(-overscan).toString()}px, ${(-overscan).toString()}px)`;
    const { context } = this;
    if (context === null) return;
    context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    context.clearRect(0, 0, this.width + overscan * 2, this.height + overscan * 2);
    if (source?.index === undefined) return;
    context.translate(overscan, overscan);
    context.textBaseline = 'alphabetic';
    this.font = '';
    const reach = overscan / camera.scale;
    const seen = source.index.search(camera.x - reach, camera.y - reach, camera.x + this.width / camera.scale + reach, camera.y + this.height / camera.scale + reach, camera.scale < titleFrom ? (card) => isGroup(source.scene, card) : undefined);
    if (camera.scale < titleFrom) this.drawOverview(seen, camera, source);
    else for (const card of seen) this.drawCard(card, camera, source);
  }

  private drawOverview(seen: readonly number[], camera: Camera, source: LabelSource): void {
    const { boxes } = source.scene;
    const wide = seen.filter((card) => (boxes[card * 4 + 2] ?? 0) * camera.scale >= 56 && (boxes[card * 4 + 3] ?? 0) * camera.scale >= 16);
    wide.sort((a, b) => (boxes[b * 4 + 2] ?? 0) - (boxes[a * 4 + 2] ?? 0));
    for (const card of wide.slice(0, overviewLimit)) {
      const isFrame = card < source.scene.frames;
      // A frame's title band shrinks with the zoom: its name is drawn only while it stays clear of the cards inside.
      if (isFrame && framePadding.top * camera.scale < leastFont + 2) continue;
      const [left, top, width, height] = screenBox(boxes, card, camera);
      const colour = this.inkOn(source, card);
      const baseline = isFrame ? top + (framePadding.top * camera.scale + leastFont) / 2 - 1 : top + (height + leastFont) / 2 - 1.5;
      this.write(source.text(card).title, left + 5, baseline, width - 10, leastFont, colour, '');
    }
  }

  private drawCard(card: number, camera: Camera, source: LabelSource): void {
    const { scene } = source;
    const [left, top, width, height] = screenBox(scene.boxes, card, camera);
    const { scale } = camera;
    const kind = scene.kind[card] ?? cardKind.layer;
    const text = source.text(card);
    const ink = this.inkOn(source, card);
    const title = Math.max(leastFont, 12 * scale);
    const small = Math.max(leastFont, 10.5 * scale);
    const pad = 10 * scale;
    if (kind === cardKind.input || kind === cardKind.output) {
      const fitted = this.fit(text.title, width - pad * 2, title, '');
      this.put(fitted, left + (width - this.measure(fitted, title, '')) / 2, top + (height + title * 0.72) / 2, ink);
      return;
    }
    if (kind === cardKind.frame) {
      const baseline = top + 19 * scale;
      const sum = scale >= detailFrom ? `${text.detail} · ${text.value}` : text.value;
      const room = width - pad * 2;
      const sumWidth = Math.min(this.measure(sum, small, ''), room * 0.6);
      this.write(text.title, left + pad, baseline, room - sumWidth - pad, title, ink, '600 ');
      this.writeRight(sum, left + width - pad, baseline, sumWidth + 1, small, css(this.theme.muted));
      return;
    }
    const detailed = scale >= detailFrom;
    const valueWidth = Math.min(this.measure(text.value, title, ''), width * 0.45);
    const firstLine = detailed ? top + (kind === cardKind.group ? 18 : 15.5) * scale : top + (height + title * 0.72) / 2 - (kind === cardKind.group ? 2 * scale : 0);
    this.write(text.title, left + pad, firstLine, width - pad * 3 - valueWidth, title, ink, kind === cardKind.group ? '600 ' : '');
    const valueLine = kind === cardKind.layer && detailed ? top + (height + title * 0.72) / 2 : firstLine;
    this.writeRight(text.value, left + width - pad, valueLine, valueWidth + 1, title, ink);
    if (!detailed) return;
    const secondLine = top + (kind === cardKind.group ? 34 : 29) * scale;
    const shareWidth = text.share === '' ? (kind === cardKind.layer ? valueWidth : 0) : this.measure(text.share, small, '');
    this.write(text.detail, left + pad, secondLine, width - pad * 3 - shareWidth, small, ink, '');
    if (text.share !== '') this.writeRight(text.share, left + width - pad, secondLine, shareWidth + 1, small, ink);
  }

  private inkOn({ scene, heat }: LabelSource, card: number): string {
    const kind = scene.kind[card];
    const position = heat[card * 2] ?? -1;
    const hot = position >= 0 && (kind === cardKind.layer || kind === cardKind.group);
    return hot ? textOn(position) : css(this.theme.foreground);
  }

  private write(text: string, x: number, baseline: number, room: number, size: number, ink: string, weight: string): void {
    if (text === '' || room < size) return;
    this.put(this.fit(text, room, size, weight), x, baseline, ink);
  }

  private writeRight(text: string, right: number, baseline: number, room: number, size: number, ink: string): void {
    if (text === '') return;
    const fitted = this.fit(text, room, size, '');
    this.put(fitted, right - this.measure(fitted, size, ''), baseline, ink);
  }

  private put(text: string, x: number, baseline: number, ink: string): void {
    if (this.context === null) return;
    this.context.fillStyle = ink;
    this.context.fillText(text, x, baseline);
  }

  private setFont(size: number, weight: string): void {
    const font = `${weight}${size.toFixed(2)}px ${this.theme.fontFamily}`;
    if (font === this.font || this.context === null) return;
    this.font = font;
    this.context.font = font;
  }

  private measure(text: string, size: number, weight: string): number {
    this.setFont(size, weight);
    return this.context?.measureText(text).width ?? 0;
  }

  /** The text, or as much of its beginning as fits with an ellipsis. Remembered by text, size and room. */
  private fit(text: string, room: number, size: number, weight: string): string {
    const key = `${weight}${size.toFixed(1)} ${room.toFixed(0)} ${text}`;
    const known = this.fitted.get(key);
    if (known !== undefined) {
      this.setFont(size, weight);
      return known;
    }
    let fitted = text.length > 300 ? text.slice(0, 300) : text;
    if (this.measure(fitted, size, weight) > room) {
      let low = 0;
      let high = fitted.length;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.measure(`${fitted.slice(0, middle)}…`, size, weight) <= room) low = middle;
        else high = middle - 1;
      }
      fitted = low === 0 ? '' : `${fitted.slice(0, low).trimEnd()}…`;
    }
    if (this.fitted.size > 20_000) this.fitted.clear();
    this.fitted.set(key, fitted);
    return fitted;
  }
}

function isGroup(scene: Scene, card: number): boolean {
  return scene.kind[card] === cardKind.frame || scene.kind[card] === cardKind.group;
}

function screenBox(boxes: Float32Array, card: number, camera: Camera): readonly [left: number, top: number, width: number, height: number] {
  return [
    ((boxes[card * 4] ?? 0) - camera.x) * camera.scale,
    ((boxes[card * 4 + 1] ?? 0) - camera.y) * camera.scale,
    (boxes[card * 4 + 2] ?? 0) * camera.scale,
    (boxes[card * 4 + 3] ?? 0) * camera.scale,
  ];
}
