// The graph on the page: renderer, labels, camera and pointer in one place. Knows cards, not models.
import type Flatbush from 'flatbush';
import type { Disposable } from '../../../src/base/disposable';
import { DisposableStore } from '../../../src/base/disposable';
import { onThemeChange, readTheme } from '../../common/theme';
import type { CardText } from '../cardText';
import { cardKind, type Scene } from '../layout/scene';
import { fit, open, reveal, zoomAt, type Box, type Camera, type Size } from './camera';
import { CanvasRenderer } from './canvas2d';
import { FrameClock } from './frameClock';
import { Labels } from './labels';
import { nextCard, startOf, type Direction } from './navigate';
import { toSegments, type Renderer } from './renderer';
import { cardAt, indexBoxes } from './spatial';
import { WebGlRenderer } from './webgl';

export interface GraphEvents {
  /** A card was chosen; −1 = the empty ground. */
  select(card: number): void;
  /** A group's card or frame is to expand or collapse. */
  toggle(card: number): void;
  cameraMoved(camera: Camera): void;
  /** The renderer in use: `canvas` where WebGL2 is missing or was lost for good. */
  rendererChosen(name: Renderer['name']): void;
}

/** How long a camera move takes, in ms; none with reduced motion. */
const moveMs = 160;
/** Pixels the pointer may move between press and release and still be a click. */
const clickSlack = 4;
/** After this long without its context, the graph goes over to the 2D canvas. */
const contextPatienceMs = 1500;

export class GraphView implements Disposable {
  readonly clock = new FrameClock();
  private readonly store = new DisposableStore();
  private renderer: Renderer | undefined;
  private surface: HTMLCanvasElement;
  private readonly labels: Labels;
  private scene: Scene | undefined;
  private index: Flatbush | undefined;
  private segments: Float32Array = new Float32Array();
  private markedSegments: Float32Array = new Float32Array();
  private heat: Float32Array = new Float32Array();
  private text: (card: number) => CardText = () => ({ title: '', detail: '', value: '', share: '' });
  private texts: (CardText | undefined)[] = [];
  private selected = -1;
  private hovered = -1;
  private dimmed: Uint8Array | undefined;
  private camera: Camera = { x: 0, y: 0, scale: 1 };
  private cameraSet = false;
  private view: Size = { width: 1, height: 1 };
  private theme = readTheme();
  /** The picture below the words is not what it should be. */
  private stale = true;
  private moving: { readonly from: Camera; readonly to: Camera; readonly start: number } | undefined;

  constructor(private readonly container: HTMLElement, private readonly events: GraphEvents) {
    this.surface = this.addCanvas('graph-surface');
    this.labels = new Labels(this.addLayer(), this.theme);
    this.renderer = WebGlRenderer.create(this.surface, this.theme, () => this.invalidate());
    if (this.renderer === undefined) this.useCanvas();
    else events.rendererChosen('webgl2');
    this.watchContext();
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(container);
    this.store.add({ dispose: () => observer.disconnect() });
    this.store.add(onThemeChange(() => this.themeChanged()));
    this.listen();
    this.resize();
  }

  /** Cards in the instance buffer that the last frame drew (2D canvas: cards in view). */
  drawnCards(): number {
    return this.renderer?.drawnCards() ?? 0;
  }

  instancesOnDevice(): number {
    return this.renderer instanceof WebGlRenderer ? this.renderer.instancesOnDevice() : this.drawnCards();
  }

  /** @param anchor a card of the old scene and of the new one that should stay where it is on the screen */
  setScene(scene: Scene, anchor?: { readonly before: Box; readonly after: number }): void {
    this.scene = scene;
    this.index = indexBoxes(scene.boxes);
    this.segments = toSegments(scene);
    this.markedSegments = new Float32Array();
    this.selected = -1;
    this.hovered = -1;
    this.dimmed = undefined;
    this.renderer?.setScene(scene, this.segments);
    this.labels.clear();
    this.moving = undefined;
    const after = anchor === undefined ? undefined : this.boxOf(anchor.after);
    if (anchor !== undefined && after !== undefined) {
      this.setCamera({ ...this.camera, x: this.camera.x + after.x + after.width / 2 - anchor.before.x - anchor.before.width / 2, y: this.camera.y + after.y - anchor.before.y });
    } else if (!this.cameraSet && this.view.width > 1) {
      this.openWhole();
    }
    this.invalidate();
  }

  setContent(heat: Float32Array, text: (card: number) => CardText): void {
    this.heat = heat;
    this.text = text;
    this.texts = [];
    this.renderer?.setHeat(heat);
    this.labels.invalidate();
    this.invalidate();
  }

  /** @param dimmed one byte per card, 1 where it does not match the search */
  setEmphasis(selected: number, dimmed: Uint8Array | undefined): void {
    if (selected !== this.selected) {
      const { scene } = this;
      this.markedSegments = scene === undefined || selected < 0 ? new Float32Array() : toSegments(scene, (edge) => scene.edges[edge * 2] === selected || scene.edges[edge * 2 + 1] === selected);
    }
    this.selected = selected;
    this.dimmed = dimmed;
    this.pushEmphasis();
  }

  setCamera(camera: Camera): void {
    this.camera = camera;
    this.cameraSet = true;
    this.moving = undefined;
    this.events.cameraMoved(camera);
    this.invalidate();
  }

  getCamera(): Camera {
    return this.camera;
  }

  getSize(): Size {
    return this.view;
  }

  /** The whole model where it can be read, else its start. */
  openWhole(): void {
    const start = this.scene === undefined ? undefined : startOf(this.scene, this.view.width);
    this.setCamera(open(this.whole(), this.view, start));
  }

  fitWhole(): void {
    this.moveTo(fit(this.whole(), this.view));
  }

  zoom(factor: number): void {
    this.moveTo(zoomAt(this.moving?.to ?? this.camera, factor, this.view.width / 2, this.view.height / 2));
  }

  revealCard(card: number): void {
    const box = this.boxOf(card);
    if (box !== undefined) this.moveTo(reveal(this.camera, box, this.view));
  }

  boxOf(card: number): Box | undefined {
    if (this.scene === undefined || card < 0 || card >= this.scene.count) return undefined;
    const [x = 0, y = 0, width = 0, height = 0] = this.scene.boxes.subarray(card * 4, card * 4 + 4);
    return { x, y, width, height };
  }

  step(direction: Direction): number {
    return this.scene === undefined ? -1 : nextCard(this.scene, this.selected, direction);
  }

  pan(x: number, y: number): void {
    this.setCamera({ ...this.camera, x: this.camera.x + x / this.camera.scale, y: this.camera.y + y / this.camera.scale });
  }

  dispose(): void {
    this.store.dispose();
    this.clock.stop();
    this.renderer?.dispose();
  }

  private whole(): Box {
    return { x: 0, y: 0, width: this.scene?.width ?? 0, height: this.scene?.height ?? 0 };
  }

  private moveTo(camera: Camera): void {
    if (camera === this.camera) return;
    if (globalThis.matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.setCamera(camera);
      return;
    }
    this.moving = { from: this.camera, to: camera, start: performance.now() };
    this.cameraSet = true;
    this.invalidate();
  }

  private invalidate(): void {
    this.stale = true;
    this.request();
  }

  private request(): void {
    this.clock.request((now) => this.drawFrame(now));
  }

  private drawFrame(now: number): void {
    if (this.moving !== undefined) {
      const { from, to, start } = this.moving;
      const t = Math.min(1, Math.max(0, (now - start) / moveMs));
      const ease = 1 - (1 - t) ** 3;
      // Scale moves evenly in its logarithm, and the view's centre in a straight line.
      const scale = from.scale * (to.scale / from.scale) ** ease;
      const centre = (axis: 'x' | 'y', length: number): number => (from[axis] + length / 2 / from.scale) * (1 - ease) + (to[axis] + length / 2 / to.scale) * ease - length / 2 / scale;
      this.camera = t === 1 ? to : { x: centre('x', this.view.width), y: centre('y', this.view.height), scale };
      if (t === 1) this.moving = undefined;
      this.events.cameraMoved(this.camera);
    }
    // Words are written over several frames; the picture below them is drawn only when it changes.
    if (this.stale) this.renderer?.draw(this.camera);
    this.stale = false;
    const unwritten = this.labels.draw(this.camera, this.scene === undefined ? undefined : { scene: this.scene, index: this.index, heat: this.heat, text: (card) => this.texts[card] ??= this.text(card) });
    if (this.moving !== undefined) this.invalidate();
    else if (unwritten) this.request();
  }

  private pushEmphasis(): void {
    this.renderer?.setEmphasis({ selected: this.selected, hovered: this.hovered, dimmed: this.dimmed }, this.markedSegments);
    this.invalidate();
  }

  private addCanvas(name: string): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.className = name;
    canvas.setAttribute('aria-hidden', 'true');
    this.container.append(canvas);
    return canvas;
  }

  /** What the words are written in, over the picture. */
  private addLayer(): HTMLElement {
    const layer = document.createElement('div');
    layer.className = 'graph-labels';
    layer.setAttribute('aria-hidden', 'true');
    this.container.append(layer);
    return layer;
  }

  /** A canvas that ever had a WebGL context gives no other: the fallback needs a new one. */
  private useCanvas(): void {
    const fresh = document.createElement('canvas');
    fresh.className = 'graph-surface';
    fresh.setAttribute('aria-hidden', 'true');
    this.surface.replaceWith(fresh);
    this.surface = fresh;
    this.renderer = CanvasRenderer.create(fresh, this.theme);
    this.renderer?.resize(this.view.width, this.view.height, globalThis.devicePixelRatio);
    if (this.scene !== undefined) {
      this.renderer?.setScene(this.scene, this.segments);
      this.renderer?.setHeat(this.heat);
      this.pushEmphasis();
    }
    this.events.rendererChosen('canvas');
    this.invalidate();
  }

  private watchContext(): void {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const { surface } = this;
    surface.addEventListener('webglcontextlost', () => {
      waiting = setTimeout(() => {
        if (surface === this.surface) this.useCanvas();
      }, contextPatienceMs);
    });
    surface.addEventListener('webglcontextrestored', () => clearTimeout(waiting));
    this.store.add({ dispose: () => clearTimeout(waiting) });
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.container;
    if (width === 0 || height === 0 || (width === this.view.width && height === this.view.height)) return;
    const first = this.view.width <= 1;
    this.view = { width, height };
    this.renderer?.resize(width, height, globalThis.devicePixelRatio);
    this.labels.resize(width, height, globalThis.devicePixelRatio);
    if (first && this.scene !== undefined && !this.cameraSet) this.openWhole();
    // A resized canvas is blank until drawn: draw at once, not a frame later.
    this.stale = true;
    this.drawFrame(performance.now());
  }

  private themeChanged(): void {
    this.theme = readTheme();
    this.renderer?.setTheme(this.theme);
    this.labels.setTheme(this.theme);
    this.invalidate();
  }

  private listen(): void {
    const { container } = this;
    let pressed: { readonly x: number; readonly y: number; readonly camera: Camera; readonly id: number } | undefined;
    let dragged = false;
    const on = <K extends keyof HTMLElementEventMap>(type: K, run: (event: HTMLElementEventMap[K]) => void, options?: AddEventListenerOptions): void => {
      container.addEventListener(type, run, options);
      this.store.add({ dispose: () => container.removeEventListener(type, run, options) });
    };
    on('pointerdown', (event) => {
      if (event.button > 1) return;
      pressed = { x: event.clientX, y: event.clientY, camera: this.camera, id: event.pointerId };
      dragged = false;
    });
    on('pointermove', (event) => {
      if (pressed === undefined) {
        this.hover(this.cardUnder(event));
        return;
      }
      const x = event.clientX - pressed.x;
      const y = event.clientY - pressed.y;
      if (!dragged && Math.hypot(x, y) < clickSlack) return;
      if (!dragged) container.setPointerCapture(pressed.id);
      dragged = true;
      container.classList.add('dragging');
      this.setCamera({ ...pressed.camera, x: pressed.camera.x - x / pressed.camera.scale, y: pressed.camera.y - y / pressed.camera.scale });
    });
    on('pointerup', (event) => {
      if (pressed !== undefined && !dragged && event.button === 0) this.clicked(event);
      pressed = undefined;
      container.classList.remove('dragging');
    });
    on('pointercancel', () => {
      pressed = undefined;
      container.classList.remove('dragging');
    });
    on('pointerleave', () => this.hover(-1));
    on('dblclick', (event) => {
      const card = this.cardUnder(event);
      if (this.isGroup(card) && !this.onTwisty(card, event)) this.events.toggle(card);
    });
    on('wheel', (event) => {
      event.preventDefault();
      const { left, top } = container.getBoundingClientRect();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 18 : 1;
      if (event.ctrlKey || event.metaKey) {
        this.setCamera(zoomAt(this.camera, Math.exp(-event.deltaY * unit * (Math.abs(event.deltaY) < 40 ? 0.01 : 0.002)), event.clientX - left, event.clientY - top));
      } else {
        const sideways = event.shiftKey && event.deltaX === 0;
        this.pan((sideways ? event.deltaY : event.deltaX) * unit, (sideways ? 0 : event.deltaY) * unit);
      }
    }, { passive: false });
  }

  private clicked(event: MouseEvent): void {
    const card = this.cardUnder(event);
    if (this.isGroup(card) && this.onTwisty(card, event)) this.events.toggle(card);
    else this.events.select(card);
  }

  private cardUnder(event: MouseEvent): number {
    const { left, top } = this.container.getBoundingClientRect();
    return cardAt(this.index, this.camera.x + (event.clientX - left) / this.camera.scale, this.camera.y + (event.clientY - top) / this.camera.scale);
  }

  private isGroup(card: number): boolean {
    const kind = this.scene?.kind[card];
    return card >= 0 && (kind === cardKind.group || kind === cardKind.frame);
  }

  /** The twisty at the left of a group's title, with some room around it. */
  private onTwisty(card: number, event: MouseEvent): boolean {
    const box = this.boxOf(card);
    if (box === undefined) return false;
    const { left, top } = this.container.getBoundingClientRect();
    const x = (event.clientX - left) / this.camera.scale + this.camera.x - box.x;
    const y = (event.clientY - top) / this.camera.scale + this.camera.y - box.y;
    return x < 24 && y < 28;
  }

  private hover(card: number): void {
    if (card === this.hovered) return;
    this.hovered = card;
    this.container.style.cursor = card >= 0 && this.scene?.kind[card] !== cardKind.frame ? 'pointer' : '';
    const text = card >= 0 ? (this.texts[card] ??= this.text(card)) : undefined;
    this.container.title = text === undefined ? '' : [text.title.replace(/^[▸▾] /u, ''), text.detail, text.value === '' ? '' : `${text.value}${text.share === '' ? '' : ` · ${text.share}`}`].filter((line) => line !== '').join('\n');
    this.pushEmphasis();
  }
}
