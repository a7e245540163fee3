// Text on the cards, over the graph: small canvases (tiles) that move with the camera, a few cards written per frame.
import type { Theme } from '../../common/theme';
import type { Camera } from './camera';
import { LabelPainter, type LabelSource } from './labelPainter';

/** A tile's size in screen pixels. */
const tileWidth = 384;
const tileHeight = 256;
/** Tiles this far outside the view are prepared, in screen pixels: a pan finds its words there. */
const ahead = 128;
/** Script milliseconds per frame spent on words while the camera moves, and while it rests. */
const movingBudget = 1.5;
const restingBudget = 8;
/** The camera rests when it has not moved for this long, in ms. */
const restAfter = 120;
/** While zooming, words are stretched until they are this much too large or too small. */
const stretchLimit = 1.5;

interface Tile {
  readonly canvas: HTMLCanvasElement;
  readonly column: number;
  readonly row: number;
  /** The content it shows: an older one stays until the new one is written. */
  readonly content: number;
}

/** A tile that is being written, card by card. */
interface Painting extends Tile {
  readonly cards: readonly number[];
  next: number;
}

/** Tiles of one zoom. */
interface Level {
  readonly scale: number;
  readonly tiles: Map<string, Tile>;
}

export class Labels {
  private readonly painter: LabelPainter;
  private level: Level | undefined;
  /** The zoom before, shown stretched until the present one is written. */
  private previous: Level | undefined;
  private painting: Painting | undefined;
  private content = 0;
  private lastCamera: Camera | undefined;
  private movedAt = -Infinity;
  private width = 0;
  private height = 0;
  private pixelRatio = 1;
  private readonly spare: HTMLCanvasElement[] = [];

  constructor(private readonly container: HTMLElement, theme: Theme) {
    this.painter = new LabelPainter(theme);
  }

  setTheme(theme: Theme): void {
    this.painter.setTheme(theme);
    this.invalidate();
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.width = width;
    this.height = height;
    if (pixelRatio === this.pixelRatio) return;
    this.pixelRatio = pixelRatio;
    this.clear();
  }

  /** The words or colours changed: tiles are written anew, the old ones stay in the meantime. */
  invalidate(): void {
    this.content += 1;
    this.drop(this.painting);
    this.painting = undefined;
  }

  /** The cards are others: nothing that is written holds any more. */
  clear(): void {
    this.invalidate();
    for (const level of [this.level, this.previous]) for (const tile of level?.tiles.values() ?? []) this.drop(tile);
    this.level = undefined;
    this.previous = undefined;
  }

  /**
   * Moves the words with the camera and writes missing ones within the frame's budget.
   * @returns whether more is to be written: draw once more in the next frame
   */
  draw(camera: Camera, source: LabelSource | undefined): boolean {
    if (source === undefined) return false;
    const zooming = this.lastCamera !== undefined && this.lastCamera.scale !== camera.scale;
    const now = performance.now();
    if (zooming || (this.lastCamera !== undefined && (this.lastCamera.x !== camera.x || this.lastCamera.y !== camera.y))) this.movedAt = now;
    this.lastCamera = camera;
    const level = this.levelFor(camera, zooming);
    const finished = level.scale === camera.scale && this.write(level, camera, source, now - this.movedAt < restAfter ? movingBudget : restingBudget);
    if (finished && this.previous !== undefined) {
      for (const tile of this.previous.tiles.values()) this.drop(tile);
      this.previous = undefined;
      this.show(level);
    }
    for (const shown of [this.previous, level]) if (shown !== undefined) this.place(shown, camera);
    return !finished;
  }

  /** The tiles of this zoom; during a zoom those of the last one, until they are stretched too far. */
  private levelFor(camera: Camera, zooming: boolean): Level {
    const { level } = this;
    if (level?.scale === camera.scale) return level;
    const stretch = level === undefined ? Infinity : Math.max(camera.scale / level.scale, level.scale / camera.scale);
    if (level !== undefined && zooming && stretch < stretchLimit && level.tiles.size > 0) return level;
    this.drop(this.painting);
    this.painting = undefined;
    // What is fuller stays behind: the last level may have been left before it was written.
    if (level !== undefined) {
      const kept = this.previous !== undefined && this.previous.tiles.size > level.tiles.size ? this.previous : level;
      const left = kept === level ? this.previous : level;
      for (const tile of left?.tiles.values() ?? []) this.drop(tile);
      this.previous = kept;
      this.show(kept);
    }
    return (this.level = { scale: camera.scale, tiles: new Map() });
  }

  /** @returns whether every tile in reach is written */
  private write(level: Level, camera: Camera, source: LabelSource, budget: number): boolean {
    const end = performance.now() + budget;
    const { left, top, right, bottom } = this.reach(camera);
    for (const [key, tile] of level.tiles) {
      const near = tile.column >= left - 1 && tile.column <= right + 1 && tile.row >= top - 1 && tile.row <= bottom + 1;
      if (near) continue;
      level.tiles.delete(key);
      this.drop(tile);
    }
    for (;;) {
      if (this.painting === undefined) {
        const missing = this.nextMissing(level, camera);
        if (missing === undefined) return true;
        this.painting = this.start(missing.column, missing.row, level.scale, source);
      }
      const tile = this.painting;
      const at = { x: (tile.column * tileWidth) / level.scale, y: (tile.row * tileHeight) / level.scale, scale: level.scale };
      while (tile.next < tile.cards.length) {
        if (performance.now() >= end) return false;
        this.painter.drawCard(tile.cards[tile.next] ?? 0, at, source);
        tile.next += 1;
      }
      this.painting = undefined;
      const key = keyOf(tile.column, tile.row);
      this.drop(level.tiles.get(key));
      level.tiles.set(key, tile);
      // Beside the words of another zoom they would overlap: shown once they are whole.
      if (this.previous === undefined) this.container.append(tile.canvas);
      if (performance.now() >= end) return this.nextMissing(level, camera) === undefined;
    }
  }

  /** The tile nearest to the middle of the view that is not written, or not with the present content. */
  private nextMissing(level: Level, camera: Camera): { readonly column: number; readonly row: number } | undefined {
    const { left, top, right, bottom } = this.reach(camera);
    const middleColumn = (camera.x * camera.scale + this.width / 2) / tileWidth - 0.5;
    const middleRow = (camera.y * camera.scale + this.height / 2) / tileHeight - 0.5;
    let best: { readonly column: number; readonly row: number } | undefined;
    let nearest = Infinity;
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        if (level.tiles.get(keyOf(column, row))?.content === this.content) continue;
        const distance = Math.hypot((column - middleColumn) * tileWidth, (row - middleRow) * tileHeight);
        if (distance < nearest) {
          nearest = distance;
          best = { column, row };
        }
      }
    }
    return best;
  }

  private reach({ x, y, scale }: Camera): { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number } {
    return {
      left: Math.floor((x * scale - ahead) / tileWidth),
      top: Math.floor((y * scale - ahead) / tileHeight),
      right: Math.floor((x * scale + this.width + ahead) / tileWidth),
      bottom: Math.floor((y * scale + this.height + ahead) / tileHeight),
    };
  }

  private start(column: number, row: number, scale: number, source: LabelSource): Painting {
    const canvas = this.spare.pop() ?? document.createElement('canvas');
    const context = canvas.getContext('2d');
    const width = Math.ceil(tileWidth * this.pixelRatio);
    const height = Math.ceil(tileHeight * this.pixelRatio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${(width / this.pixelRatio).toString()}px`;
      canvas.style.height = `${(height / this.pixelRatio).toString()}px`;
    }
    const box = { x: (column * tileWidth) / scale, y: (row * tileHeight) / scale, width: tileWidth / scale, height: tileHeight / scale };
    if (context !== null) {
      context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
      context.clearRect(0, 0, tileWidth + 1, tileHeight + 1);
      this.painter.begin(context);
    }
    return { canvas, column, row, content: this.content, cards: context === null ? [] : this.painter.cardsIn(box, scale, source), next: 0 };
  }

  private show(level: Level): void {
    this.container.append(...[...level.tiles.values()].map(({ canvas }) => canvas));
  }

  private place(level: Level, camera: Camera): void {
    const stretch = camera.scale / level.scale;
    const snap = (pixels: number): number => (stretch === 1 ? Math.round(pixels * this.pixelRatio) / this.pixelRatio : pixels);
    for (const { canvas, column, row } of level.tiles.values()) {
      const x = snap(column * tileWidth * stretch - camera.x * camera.scale);
      const y = snap(row * tileHeight * stretch - camera.y * camera.scale);
      canvas.style.transform = `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px)${stretch === 1 ? '' : ` scale(${stretch.toFixed(5)})`}`;
    }
  }

  private drop(tile: Tile | undefined): void {
    if (tile === undefined) return;
    tile.canvas.remove();
    this.spare.push(tile.canvas);
  }
}

function keyOf(column: number, row: number): string {
  return `${column.toString()} ${row.toString()}`;
}
