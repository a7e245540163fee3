// A layered layout in linear time and without recursion, for groups too large for d3-dag and where no worker can run.
import { lanesNeeded, neighbourGap, rankBands, rankCards, type GroupInput, type GroupLayout } from './groupLayout';

/** Passes that move cards towards their neighbours' middle; more change little. */
const sweeps = 4;

/** How many ranks an edge may span and still get a lane of its own; longer ones share the right margin. */
const laneSpan = 400;
/** Lanes in all that stay quick to order; a graph that needs more keeps them for its short edges. */
const laneBudget = 100_000;
const crowdedLaneSpan = 12;

export function plainLayout(input: GroupInput): GroupLayout {
  const { count, edges } = input;
  const rank = rankCards(count, edges);
  const { top, bottom } = rankBands(rank, input.height);
  const network = buildNetwork(input, rank);
  orderRanks(network, top.length);
  const centre = placeColumns(network, top.length);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  for (let card = 0; card < count; card += 1) {
    const band = rank[card] ?? 0;
    x[card] = (centre[card] ?? 0) - (input.width[card] ?? 0) / 2;
    y[card] = ((top[band] ?? 0) + (bottom[band] ?? 0)) / 2 - (input.height[card] ?? 0) / 2;
  }
  let width = 0;
  for (let slot = 0; slot < centre.length; slot += 1) width = Math.max(width, (centre[slot] ?? 0) + (network.width[slot] ?? 0) / 2);
  const margin = width + neighbourGap / 2;
  const routes = network.chains.map((chain, edge) => {
    const from = edges[edge * 2] ?? 0;
    const to = edges[edge * 2 + 1] ?? 0;
    const startX = (x[from] ?? 0) + (input.portOut[from] ?? 0);
    const endX = (x[to] ?? 0) + (input.portIn[to] ?? 0);
    const points = [startX, (y[from] ?? 0) + (input.height[from] ?? 0), startX, bottom[rank[from] ?? 0] ?? 0];
    if (chain === undefined) points.push(margin, (bottom[rank[from] ?? 0] ?? 0) + 11, margin, (top[rank[to] ?? 0] ?? 0) - 11);
    else for (const slot of chain) points.push(centre[slot] ?? 0, top[network.rank[slot] ?? 0] ?? 0, centre[slot] ?? 0, bottom[network.rank[slot] ?? 0] ?? 0);
    points.push(endX, top[rank[to] ?? 0] ?? 0, endX, y[to] ?? 0);
    return Float32Array.from(points);
  });
  const spills = network.chains.includes(undefined);
  return { width: spills ? margin + neighbourGap / 2 : width, height: bottom.at(-1) ?? 0, x, y, rank, rankTop: top, rankBottom: bottom, routes };
}

/** Cards and the lanes of long edges, as slots in ranks. The first `count` slots are the cards. */
interface Network {
  readonly rank: number[];
  readonly width: number[];
  readonly above: number[][];
  readonly below: number[][];
  /** Lane slots of each edge; undefined where it takes the margin. */
  readonly chains: (number[] | undefined)[];
  /** Slots of each rank, left to right. */
  readonly ranks: number[][];
}

function buildNetwork(input: GroupInput, cardRank: Int32Array): Network {
  const rank = Array.from(cardRank);
  const width = Array.from(input.width);
  const above: number[][] = rank.map(() => []);
  const below: number[][] = rank.map(() => []);
  const join = (upper: number, lower: number): void => {
    below[upper]?.push(lower);
    above[lower]?.push(upper);
  };
  const chains: (number[] | undefined)[] = [];
  const longest = lanesNeeded(input.edges, cardRank) > laneBudget ? crowdedLaneSpan : laneSpan;
  for (let edge = 0; edge * 2 < input.edges.length; edge += 1) {
    const from = input.edges[edge * 2] ?? 0;
    const to = input.edges[edge * 2 + 1] ?? 0;
    const first = (cardRank[from] ?? 0) + 1;
    const last = (cardRank[to] ?? 0) - 1;
    if (last - first > longest) {
      chains.push(undefined);
      continue;
    }
    const chain: number[] = [];
    let upper = from;
    for (let at = first; at <= last; at += 1) {
      const slot = rank.push(at) - 1;
      width.push(0);
      above.push([]);
      below.push([]);
      join(upper, slot);
      chain.push(slot);
      upper = slot;
    }
    join(upper, to);
    chains.push(chain);
  }
  const ranks: number[][] = [];
  rank.forEach((value, slot) => { (ranks[value] ??= []).push(slot); });
  return { rank, width, above, below, chains, ranks: Array.from(ranks, (slots: number[] | undefined) => slots ?? []) };
}

/** Orders every rank by the middle of its neighbours, down and up in turn (Sugiyama, Tagawa, Toda 1981). */
function orderRanks({ ranks, above, below, rank }: Network, rankCount: number): void {
  const place = new Float64Array(rank.length);
  const settle = (slots: readonly number[]): void => slots.forEach((slot, index) => { place[slot] = index; });
  ranks.forEach(settle);
  const middle = (neighbours: readonly number[] | undefined, fallback: number): number => {
    if (neighbours === undefined || neighbours.length === 0) return fallback;
    return neighbours.reduce((sum, neighbour) => sum + (place[neighbour] ?? 0), 0) / neighbours.length;
  };
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const downwards = sweep % 2 === 0;
    for (let step = 0; step < rankCount; step += 1) {
      const slots = ranks[downwards ? step : rankCount - 1 - step];
      if (slots === undefined || slots.length < 2) continue;
      const wanted = new Map(slots.map((slot) => [slot, middle((downwards ? above : below)[slot], place[slot] ?? 0)]));
      slots.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || (place[a] ?? 0) - (place[b] ?? 0));
      settle(slots);
    }
  }
}

/** Centre of every slot: towards the middle of its neighbours, never closer to the left one than the gap allows. */
function placeColumns(network: Network, rankCount: number): Float64Array {
  const { ranks, width, above, below } = network;
  const centre = new Float64Array(network.rank.length);
  const gapBetween = (left: number, right: number): number => ((width[left] ?? 0) + (width[right] ?? 0)) / 2 + neighbourGap;
  const pack = (slots: readonly number[], wanted: (slot: number) => number): void => {
    // Left to right as near as allowed, then the whole rank moves so that its mean error is nothing.
    let shift = 0;
    slots.forEach((slot, index) => {
      const left = index === 0 ? undefined : slots[index - 1];
      const least = left === undefined ? Number.NEGATIVE_INFINITY : (centre[left] ?? 0) + gapBetween(left, slot);
      const goal = wanted(slot);
      centre[slot] = Math.max(goal, least);
      shift += goal - (centre[slot] ?? 0);
    });
    const mean = shift / Math.max(1, slots.length);
    for (const slot of slots) centre[slot] = (centre[slot] ?? 0) + mean;
  };
  const mean = (neighbours: readonly number[] | undefined, slot: number): number =>
    neighbours === undefined || neighbours.length === 0 ? centre[slot] ?? 0 : neighbours.reduce((sum, neighbour) => sum + (centre[neighbour] ?? 0), 0) / neighbours.length;
  for (let step = 0; step < rankCount; step += 1) pack(ranks[step] ?? [], (slot) => mean(above[slot], slot));
  for (let step = rankCount - 1; step >= 0; step -= 1) pack(ranks[step] ?? [], (slot) => mean(below[slot], slot));
  for (let step = 0; step < rankCount; step += 1) pack(ranks[step] ?? [], (slot) => mean([...(above[slot] ?? []), ...(below[slot] ?? [])], slot));
  let least = Number.POSITIVE_INFINITY;
  for (let slot = 0; slot < centre.length; slot += 1) least = Math.min(least, (centre[slot] ?? 0) - (width[slot] ?? 0) / 2);
  if (Number.isFinite(least)) for (let slot = 0; slot < centre.length; slot += 1) centre[slot] = (centre[slot] ?? 0) - least;
  return centre;
}
