// The layout of one group: what goes in, what comes out, and the ranks every layout starts from.

/** Space between ranks, and between neighbours in a rank, in world units (pixels at 100 %). */
export const rankGap = 22;
export const neighbourGap = 22;

/** Cards of one group. Edges go from lower to higher index: the order given is a topological order. */
export interface GroupInput {
  readonly count: number;
  readonly width: Float32Array;
  readonly height: Float32Array;
  /** Where edges arrive at a card's top and leave its bottom, from its left side. */
  readonly portIn: Float32Array;
  readonly portOut: Float32Array;
  /** Pairs of card numbers. */
  readonly edges: Int32Array;
}

/** Left and top of each card; each edge as the corners of its route, from the source's bottom to the target's top. */
export interface GroupLayout {
  readonly width: number;
  readonly height: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly rank: Int32Array;
  /** Top and bottom of each rank's band. */
  readonly rankTop: Float32Array;
  readonly rankBottom: Float32Array;
  readonly routes: readonly Float32Array[];
}

export type LayoutGroup = (input: GroupInput) => GroupLayout;

/**
 * Rank of each card: one more than its deepest predecessor; a card nothing leads to (a constant) stands right above
 * its first consumer instead of at the top. No recursion, so a chain of any depth is fine.
 */
export function rankCards(count: number, edges: Int32Array): Int32Array {
  const rank = new Int32Array(count);
  const order = edgesByTarget(edges);
  const fed = new Uint8Array(count);
  for (const edge of order) {
    const from = edges[edge * 2] ?? 0;
    const to = edges[edge * 2 + 1] ?? 0;
    fed[to] = 1;
    rank[to] = Math.max(rank[to] ?? 0, (rank[from] ?? 0) + 1);
  }
  const nearest = new Int32Array(count).fill(-1);
  for (let edge = 0; edge * 2 < edges.length; edge += 1) {
    const from = edges[edge * 2] ?? 0;
    const target = rank[edges[edge * 2 + 1] ?? 0] ?? 0;
    const known = nearest[from] ?? -1;
    if (known < 0 || target < known) nearest[from] = target;
  }
  for (let card = 0; card < count; card += 1) {
    const target = nearest[card] ?? -1;
    if (fed[card] === 0 && target > 0) rank[card] = target - 1;
  }
  return rank;
}

/** Edge numbers ordered by target card, so that every predecessor of a card is ranked before the card is used. */
function edgesByTarget(edges: Int32Array): Uint32Array {
  const order = Uint32Array.from({ length: edges.length / 2 }, (_, index) => index);
  return order.sort((a, b) => (edges[a * 2 + 1] ?? 0) - (edges[b * 2 + 1] ?? 0));
}

/** Tops and bottoms of the rank bands for cards centred in them. */
export function rankBands(rank: Int32Array, height: Float32Array): { readonly top: Float32Array; readonly bottom: Float32Array } {
  const ranks = rank.reduce((most, value) => Math.max(most, value), -1) + 1;
  const tallest = new Float32Array(ranks);
  rank.forEach((value, card) => { tallest[value] = Math.max(tallest[value] ?? 0, height[card] ?? 0); });
  const top = new Float32Array(ranks);
  const bottom = new Float32Array(ranks);
  let at = 0;
  for (let index = 0; index < ranks; index += 1) {
    top[index] = at;
    at += tallest[index] ?? 0;
    bottom[index] = at;
    // A rank of ports only (no height) needs no gap of its own.
    at += rankGap;
  }
  return { top, bottom };
}

/** How many lanes the long edges need: one per rank they pass. */
export function lanesNeeded(edges: Int32Array, rank: Int32Array): number {
  let sum = 0;
  for (let edge = 0; edge < edges.length; edge += 2) sum += Math.max(0, (rank[edges[edge + 1] ?? 0] ?? 0) - (rank[edges[edge] ?? 0] ?? 0) - 1);
  return sum;
}
