// Writes the words of cards on a 2D canvas, as large and as many as are legible at the zoom.
import type Flatbush from 'flatbush';
import { textOn } from '../../common/cividis';
import { css, type Theme } from '../../common/theme';
import type { CardText } from '../cardText';
import { cardKind, framePadding, type Scene } from '../layout/scene';
import type { Box, Camera } from './camera';

/** Below this zoom a card shows its title only, below the next nothing but wide group names. */
const detailFrom = 0.72;
const titleFrom = 0.42;
/** Least font size in screen pixels that is worth drawing. */
const leastFont = 9;
/** Texts whose fitted form and width are remembered. */
const rememberedTexts = 20_000;

export interface LabelSource {
  readonly scene: Scene;
  readonly index: Flatbush | undefined;
  /** Per card: position on the colour scale (negative: no figure), then share of the total 0…1. */
  readonly heat: Float32Array;
  readonly text: (card: number) => CardText;
}

interface Fitted {
  readonly text: string;
  /** In screen pixels. */
  readonly width: number;
}

export class LabelPainter {
  private readonly fitted = new Map<string, Fitted>();
  private font = '';
  private context: CanvasRenderingContext2D | undefined;

  constructor(private theme: Theme) {}

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.fitted.clear();
  }

  /** The canvas that the next cards are written on. */
  begin(context: CanvasRenderingContext2D): void {
    this.context = context;
    this.font = '';
    context.textBaseline = 'alphabetic';
  }

  /** Cards with words at this zoom inside a box of the world. */
  cardsIn(box: Box, scale: number, { scene, index }: LabelSource): number[] {
    if (index === undefined) return [];
    const { boxes } = scene;
    const legible = scale >= titleFrom ? undefined : (card: number): boolean => isGroup(scene, card) && (boxes[card * 4 + 2] ?? 0) * scale >= 56 && (boxes[card * 4 + 3] ?? 0) * scale >= 16;
    return index.search(box.x, box.y, box.x + box.width, box.y + box.height, legible);
  }

  drawCard(card: number, camera: Camera, source: LabelSource): void {
    if (camera.scale < titleFrom) this.drawOverview(card, camera, source);
    else this.drawWhole(card, camera, source);
  }

  private drawOverview(card: number, camera: Camera, source: LabelSource): void {
    const isFrame = card < source.scene.frames;
    // A frame's title band shrinks with the zoom: its name is drawn only while it stays clear of the cards inside.
    if (isFrame && framePadding.top * camera.scale < leastFont + 2) return;
    const [left, top, width, height] = screenBox(source.scene.boxes, card, camera);
    const baseline = isFrame ? top + (framePadding.top * camera.scale + leastFont) / 2 - 1 : top + (height + leastFont) / 2 - 1.5;
    this.write(source.text(card).title, left + 5, baseline, width - 10, leastFont, this.inkOn(source, card), '');
  }

  private drawWhole(card: number, camera: Camera, source: LabelSource): void {
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
      this.put(fitted.text, left + (width - fitted.width) / 2, top + (height + title * 0.72) / 2, ink);
      return;
    }
    if (kind === cardKind.frame) {
      const baseline = top + 19 * scale;
      const sum = scale >= detailFrom && text.value !== '' ? `${text.detail} · ${text.value}` : scale >= detailFrom ? text.detail : text.value;
      const room = width - pad * 2;
      const sumWidth = Math.min(this.fit(sum, Infinity, small, '').width, room * 0.6);
      this.write(text.title, left + pad, baseline, room - sumWidth - pad, title, ink, '600 ');
      this.writeRight(sum, left + width - pad, baseline, sumWidth + 1, small, css(this.theme.muted));
      return;
    }
    const detailed = scale >= detailFrom;
    const valueWidth = Math.min(this.fit(text.value, Infinity, title, '').width, width * 0.45);
    const firstLine = detailed ? top + (kind === cardKind.group ? 18 : 15.5) * scale : top + (height + title * 0.72) / 2 - (kind === cardKind.group ? 2 * scale : 0);
    this.write(text.title, left + pad, firstLine, width - pad * 3 - valueWidth, title, ink, kind === cardKind.group ? '600 ' : '');
    const valueLine = kind === cardKind.layer && detailed ? top + (height + title * 0.72) / 2 : firstLine;
    this.writeRight(text.value, left + width - pad, valueLine, valueWidth + 1, title, ink);
    if (!detailed) return;
    const secondLine = top + (kind === cardKind.group ? 34 : 29) * scale;
    const shareWidth = text.share === '' ? (kind === cardKind.layer ? valueWidth : 0) : this.fit(text.share, Infinity, small, '').width;
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
    this.put(this.fit(text, room, size, weight).text, x, baseline, ink);
  }

  private writeRight(text: string, right: number, baseline: number, room: number, size: number, ink: string): void {
    if (text === '') return;
    const fitted = this.fit(text, room, size, '');
    this.put(fitted.text, right - fitted.width, baseline, ink);
  }

  private put(text: string, x: number, baseline: number, ink: string): void {
    if (this.context === undefined || text === '') return;
    this.context.fillStyle = ink;
    this.context.fillText(text, x, baseline);
  }

  private setFont(font: string): void {
    if (font === this.font || this.context === undefined) return;
    this.font = font;
    this.context.font = font;
  }

  /** The text, or as much of its beginning as fits with an ellipsis; sets the font. Measuring is slow, so what was fitted is remembered. */
  private fit(text: string, room: number, size: number, weight: string): Fitted {
    const font = `${weight}${size.toFixed(2)}px ${this.theme.fontFamily}`;
    this.setFont(font);
    const key = `${font} ${room.toFixed(0)} ${text}`;
    let fitted = this.fitted.get(key);
    if (fitted === undefined) {
      if (this.fitted.size >= rememberedTexts) this.fitted.clear();
      this.fitted.set(key, (fitted = this.cut(text, room)));
    }
    return fitted;
  }

  private cut(whole: string, room: number): Fitted {
    const measure = (text: string): number => this.context?.measureText(text).width ?? 0;
    const text = whole.length > 300 ? whole.slice(0, 300) : whole;
    const width = measure(text);
    if (width <= room) return { text, width };
    // Measuring is slow: begin where the share of the width says, and walk to the longest that fits.
    const fits = (length: number): boolean => measure(`${text.slice(0, length)}…`) <= room;
    let length = Math.max(0, Math.floor((text.length * room) / width) - 1);
    while (length > 0 && !fits(length)) length -= 1;
    while (length + 1 < text.length && fits(length + 1)) length += 1;
    const shortened = length === 0 ? '' : `${text.slice(0, length).trimEnd()}…`;
    return { text: shortened, width: measure(shortened) };
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
