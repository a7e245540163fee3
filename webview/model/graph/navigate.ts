// Where an arrow key goes: down and up along edges, left and right to the neighbour on the same height.
import { cardKind, edgeKind, type Scene } from '../layout/scene';

/** Room beside what a model starts with, in world units. */
const startMargin = 24;

export type Direction = 'up' | 'down' | 'left' | 'right';

/** @returns the next card, or the same one where there is none in that direction */
export function nextCard(scene: Scene, card: number, direction: Direction): number {
  // Nothing is selected, as of a port: a port cannot be, so that to begin with one would lead nowhere.
  if (card < 0 || card >= scene.count) return entered(scene) ?? firstCard(scene);
  switch (direction) {
    case 'down':
      return follow(scene, card, 'out') ?? card;
    case 'up':
      return follow(scene, card, 'in') ?? card;
    case 'left':
    case 'right':
      return beside(scene, card, direction) ?? card;
    default:
      return direction satisfies never;
  }
}

/** The uppermost, leftmost card that is not a frame. */
export function firstCard(scene: Scene): number {
  let best = -1;
  for (let card = scene.frames; card < scene.count; card += 1) {
    if (best < 0 || top(scene, card) < top(scene, best) || (top(scene, card) === top(scene, best) && left(scene, card) < left(scene, best))) best = card;
  }
  return best;
}

/**
 * Middle of what the model starts with, as x in the world: the first layer or closed group that its inputs lead to, and the
 * inputs beside it that fit into a view of this width.
 */
export function startOf(scene: Scene, width: number): number | undefined {
  const first = entered(scene) ?? firstCard(scene);
  if (first < 0) return undefined;
  let from = left(scene, first);
  let to = from + (scene.boxes[first * 4 + 2] ?? 0);
  for (let card = scene.frames; card < scene.count; card += 1) {
    if (scene.kind[card] !== cardKind.input) continue;
    const wider = [Math.min(from, left(scene, card)), Math.max(to, left(scene, card) + (scene.boxes[card * 4 + 2] ?? 0))] as const;
    if (wider[1] - wider[0] + startMargin * 2 <= width) [from, to] = wider;
  }
  return (from + to) / 2;
}

/** The first card that an input of the model leads to, inside of the frames around it. */
function entered(scene: Scene): number | undefined {
  const next = (card: number): number | undefined => {
    for (let edge = 0; edge < scene.edgeKinds.length; edge += 1) {
      const inside = scene.kind[card] !== cardKind.frame || scene.edgeKinds[edge] === edgeKind.entry;
      if (scene.edges[edge * 2] === card && inside) return scene.edges[edge * 2 + 1];
    }
    return undefined;
  };
  const port = scene.kind.indexOf(cardKind.input);
  let card = port < 0 ? undefined : next(port);
  while (card !== undefined && scene.kind[card] === cardKind.frame) card = next(card);
  return card;
}

/** Follows the edges of a card; into and out of frames, so that a path never ends at a border. */
function follow(scene: Scene, card: number, way: 'in' | 'out'): number | undefined {
  const here = way === 'out' ? 0 : 1;
  const isFrame = scene.kind[card] === cardKind.frame;
  const inner: number[] = [];
  const outer: number[] = [];
  for (let edge = 0; edge < scene.edgeKinds.length; edge += 1) {
    if (scene.edges[edge * 2 + here] !== card) continue;
    const other = scene.edges[edge * 2 + 1 - here] ?? -1;
    const kind = scene.edgeKinds[edge];
    const meetsOwnBorder = kind === (way === 'out' ? edgeKind.exit : edgeKind.entry);
    const leadsInside = isFrame && kind === (way === 'out' ? edgeKind.entry : edgeKind.exit);
    if (leadsInside) inner.push(other);
    else if (meetsOwnBorder) outer.push(...beyond(scene, other, way));
    else outer.push(other);
  }
  const found = inner.length > 0 ? inner : outer;
  return nearest(scene, card, found);
}

/** The neighbours of a frame on its outside. */
function beyond(scene: Scene, frame: number, way: 'in' | 'out'): number[] {
  const here = way === 'out' ? 0 : 1;
  const found: number[] = [];
  const insideKind = way === 'out' ? edgeKind.entry : edgeKind.exit;
  for (let edge = 0; edge < scene.edgeKinds.length; edge += 1) {
    if (scene.edges[edge * 2 + here] !== frame || scene.edgeKinds[edge] === insideKind) continue;
    const other = scene.edges[edge * 2 + 1 - here] ?? -1;
    const leaves = scene.edgeKinds[edge] === (way === 'out' ? edgeKind.exit : edgeKind.entry);
    if (leaves) found.push(...beyond(scene, other, way));
    else found.push(other);
  }
  return found;
}

function nearest(scene: Scene, card: number, candidates: readonly number[]): number | undefined {
  const distance = (other: number): number => Math.abs(middle(scene, other) - middle(scene, card)) + Math.abs(top(scene, other) - top(scene, card));
  return candidates.reduce<number | undefined>((best, other) => best === undefined || distance(other) < distance(best) ? other : best, undefined);
}

/** The nearest card whose height range overlaps, to the left or right. */
function beside(scene: Scene, card: number, direction: 'left' | 'right'): number | undefined {
  const sign = direction === 'right' ? 1 : -1;
  let best: number | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let other = 0; other < scene.count; other += 1) {
    if (other === card || contains(scene, other, card) || contains(scene, card, other)) continue;
    const away = (middle(scene, other) - middle(scene, card)) * sign;
    const overlap = Math.min(top(scene, card) + height(scene, card), top(scene, other) + height(scene, other)) - Math.max(top(scene, card), top(scene, other));
    if (away <= 0 || overlap <= 0 || away >= bestDistance) continue;
    best = other;
    bestDistance = away;
  }
  return best;
}

function contains(scene: Scene, outer: number, inner: number): boolean {
  return scene.kind[outer] === cardKind.frame && left(scene, inner) >= left(scene, outer) && top(scene, inner) >= top(scene, outer)
    && left(scene, inner) < left(scene, outer) + (scene.boxes[outer * 4 + 2] ?? 0) && top(scene, inner) < top(scene, outer) + height(scene, outer);
}

const left = (scene: Scene, card: number): number => scene.boxes[card * 4] ?? 0;
const top = (scene: Scene, card: number): number => scene.boxes[card * 4 + 1] ?? 0;
const height = (scene: Scene, card: number): number => scene.boxes[card * 4 + 3] ?? 0;
const middle = (scene: Scene, card: number): number => left(scene, card) + (scene.boxes[card * 4 + 2] ?? 0) / 2;
