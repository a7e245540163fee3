// Lays out every open group from the inside out, each as a card of its parent, and sums them up as one scene.
import { foldColumns } from './columns';
import type { GroupInput, GroupLayout, LayoutGroup } from './groupLayout';
import { lift, type Items, type Lifted, type OpenGroup } from './lift';
import { cardKind, cardSize, edgeKind, framePadding, type LayoutModel, type Scene } from './scene';

/** Groups of up to this many cards are remembered by their form: repeated blocks are laid out once. Larger ones are compared with what they were themselves. */
const remembered = 120;
const memoryLimit = 4000;
/** A frame is at least wide enough for its name and sum. */
const leastFrameWidth = 200;

export class LayoutMemory {
  readonly ofForm = new Map<string, GroupLayout>();
  readonly ofGroup = new Map<number, { readonly input: GroupInput; readonly layout: GroupLayout }>();
}

/** A group laid out: its input's card `offset + i` is child `i`. */
interface Placed {
  readonly open: OpenGroup;
  readonly layout: GroupLayout;
  /** 1 where card 0 is the entry port. */
  readonly offset: 0 | 1;
  readonly exit: boolean;
  /** Edges whose route runs from target to source, against the file's order. */
  readonly reversed: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Content's place inside the frame. */
  readonly insetX: number;
}

export function composeScene(model: LayoutModel, expanded: Uint8Array, layoutGroup: LayoutGroup, memory: LayoutMemory): Scene {
  const lifted = lift(model, expanded);
  const placed = new Map<number, Placed>();
  for (const open of [...lifted.open.values()].reverse()) placed.set(open.group, place(open, lifted.items, placed, layoutGroup, memory));
  return draw(model, lifted, placed);
}

function place(open: OpenGroup, items: Items, placed: ReadonlyMap<number, Placed>, layoutGroup: LayoutGroup, memory: LayoutMemory): Placed {
  const entry = open.edges.some(({ from }) => from === items.entry);
  const exit = open.edges.some(({ to }) => to === items.exit);
  const offset = entry ? 1 : 0;
  const count = open.children.length + offset + (exit ? 1 : 0);
  const width = new Float32Array(count);
  const height = new Float32Array(count);
  const portIn = new Float32Array(count);
  const portOut = new Float32Array(count);
  const local = new Map<number, number>([[items.entry, 0], [items.exit, count - 1]]);
  open.children.forEach((item, index) => {
    const card = index + offset;
    local.set(item, card);
    const frame = item >= items.firstGroup && item < items.firstInput ? placed.get(item - items.firstGroup) : undefined;
    const size = frame ?? sizeOf(item, items);
    width[card] = size.width;
    height[card] = size.height;
    portIn[card] = frame === undefined ? size.width / 2 : portOf(frame, 0, frame.offset === 1);
    portOut[card] = frame === undefined ? size.width / 2 : portOf(frame, frame.layout.x.length - 1, frame.exit);
  });
  const edges = new Int32Array(open.edges.length * 2);
  const reversed = new Uint8Array(open.edges.length);
  open.edges.forEach(({ from, to }, index) => {
    const source = local.get(from) ?? 0;
    const target = local.get(to) ?? 0;
    reversed[index] = source > target ? 1 : 0;
    edges[index * 2] = Math.min(source, target);
    edges[index * 2 + 1] = Math.max(source, target);
  });
  const input: GroupInput = { count, width, height, portIn, portOut, edges };
  const layout = recall(open.group, input, layoutGroup, memory);
  const frameWidth = Math.max(leastFrameWidth, layout.width + framePadding.side * 2);
  return {
    open, layout, offset, exit, reversed,
    width: frameWidth,
    height: layout.height + framePadding.top + framePadding.bottom,
    insetX: (frameWidth - layout.width) / 2,
  };
}

/** Where an edge meets a frame: above the entry port, below the exit port, or in the middle where it has none. */
function portOf(frame: Placed, card: number, present: boolean): number {
  return present ? frame.insetX + (frame.layout.x[card] ?? 0) : frame.width / 2;
}

function sizeOf(item: number, items: Items): { readonly width: number; readonly height: number } {
  if (item < items.firstGroup) return cardSize.layer;
  return item < items.firstInput ? cardSize.group : cardSize.port;
}

function recall(group: number, input: GroupInput, layoutGroup: LayoutGroup, { ofForm, ofGroup }: LayoutMemory): GroupLayout {
  const compute = (): GroupLayout => foldColumns(input, layoutGroup(input));
  if (input.count > remembered) {
    const before = ofGroup.get(group);
    if (before !== undefined && columnsOf(before.input).every((column, index) => isEqual(column, columnsOf(input)[index]))) return before.layout;
    const layout = compute();
    ofGroup.set(group, { input, layout });
    return layout;
  }
  const form = columnsOf(input).map((column) => column.join(' ')).join('|');
  let layout = ofForm.get(form);
  if (layout === undefined) {
    if (ofForm.size >= memoryLimit) ofForm.clear();
    ofForm.set(form, (layout = compute()));
  }
  return layout;
}

function columnsOf(input: GroupInput): readonly (Float32Array | Int32Array)[] {
  return [input.width, input.height, input.portIn, input.portOut, input.edges];
}

function isEqual(column: Float32Array | Int32Array, other: Float32Array | Int32Array | undefined): boolean {
  return column.length === other?.length && column.every((value, index) => value === other[index]);
}

/** Gives every item its card and its place, and every edge its absolute route. */
function draw(model: LayoutModel, lifted: Lifted, placed: ReadonlyMap<number, Placed>): Scene {
  const { items, open } = lifted;
  const frames = open.size - 1;
  let count = frames;
  let edgeCount = 0;
  for (const { children, edges } of open.values()) {
    count += children.reduce((sum, item) => sum + (isFrame(item, items, open) ? 0 : 1), 0);
    edgeCount += edges.length;
  }
  const boxes = new Float32Array(count * 4);
  const kind = new Uint8Array(count);
  const reference = new Uint32Array(count);
  const depth = new Uint8Array(count);
  const cardOfItem = new Int32Array(items.count + 2).fill(-1);
  const edges = new Int32Array(edgeCount * 2);
  const edgeKinds = new Uint8Array(edgeCount);
  const cornerStart = new Uint32Array(edgeCount + 1);
  const corners: number[] = [];
  let nextFrame = 0;
  let nextCard = frames;
  let nextEdge = 0;
  // Parents come first in `open`, so a frame's place is known when its inside is drawn.
  for (const [group, box] of placedInOrder(open, placed)) {
    const frameCard = cardOfItem[items.firstGroup + group] ?? -1;
    const left = group === 0 ? 0 : (boxes[frameCard * 4] ?? 0) + box.insetX;
    const top = group === 0 ? 0 : (boxes[frameCard * 4 + 1] ?? 0) + framePadding.top;
    const inside = group === 0 ? 0 : (depth[frameCard] ?? 0) + 1;
    box.open.children.forEach((item, index) => {
      const frame = isFrame(item, items, open) ? placed.get(item - items.firstGroup) : undefined;
      const card = frame === undefined ? nextCard++ : nextFrame++;
      const size = frame ?? sizeOf(item, items);
      const local = index + box.offset;
      boxes.set([left + (box.layout.x[local] ?? 0), top + (box.layout.y[local] ?? 0), size.width, size.height], card * 4);
      [kind[card], reference[card]] = identify(item, items, frame !== undefined);
      depth[card] = Math.min(255, inside);
      cardOfItem[item] = card;
    });
    cardOfItem[items.entry] = frameCard;
    cardOfItem[items.exit] = frameCard;
    box.open.edges.forEach(({ from, to }, index) => {
      edges[nextEdge * 2] = cardOfItem[from] ?? 0;
      edges[nextEdge * 2 + 1] = cardOfItem[to] ?? 0;
      const isEntry = from === items.entry;
      const isExit = to === items.exit;
      edgeKinds[nextEdge] = isEntry ? edgeKind.entry : isExit ? edgeKind.exit : edgeKind.between;
      const route = box.layout.routes[index] ?? new Float32Array();
      const forwards: number[] = [];
      if (isEntry) forwards.push(left + (route[0] ?? 0), top - framePadding.top);
      for (let at = 0; at < route.length; at += 2) forwards.push(left + (route[at] ?? 0), top + (route[at + 1] ?? 0));
      if (isExit) forwards.push(left + (route.at(-2) ?? 0), top + box.layout.height + framePadding.bottom);
      if (box.reversed[index] === 1) for (let at = forwards.length - 2; at >= 0; at -= 2) corners.push(forwards[at] ?? 0, forwards[at + 1] ?? 0);
      else for (const value of forwards) corners.push(value);
      nextEdge += 1;
      cornerStart[nextEdge] = corners.length;
    });
  }
  const root = placed.get(0);
  return {
    count, frames, boxes, kind, reference, depth, edges, edgeKinds, cornerStart,
    corners: Float32Array.from(corners),
    cardOfLayer: lifted.itemOfLayer.map((item) => cardOfItem[item] ?? 0),
    cardOfGroup: Int32Array.from(model.groupParent, (_, group) => cardOfItem[items.firstGroup + group] ?? -1),
    width: root?.layout.width ?? 0,
    height: root?.layout.height ?? 0,
  };
}

function* placedInOrder(open: ReadonlyMap<number, OpenGroup>, placed: ReadonlyMap<number, Placed>): Generator<readonly [number, Placed]> {
  for (const group of open.keys()) {
    const box = placed.get(group);
    if (box !== undefined) yield [group, box];
  }
}

function isFrame(item: number, items: Items, open: ReadonlyMap<number, OpenGroup>): boolean {
  return item >= items.firstGroup && item < items.firstInput && open.has(item - items.firstGroup);
}

function identify(item: number, items: Items, frame: boolean): readonly [kind: number, reference: number] {
  if (item < items.firstGroup) return [cardKind.layer, item];
  if (item < items.firstInput) return [frame ? cardKind.frame : cardKind.group, item - items.firstGroup];
  if (item < items.firstOutput) return [cardKind.input, item - items.firstInput];
  return [cardKind.output, item - items.firstOutput];
}
