// Folds a long, narrow layout into columns read left to right, so that a deep chain fills a screen instead of a thread.
import { neighbourGap, rankGap, type GroupInput, type GroupLayout } from './groupLayout';

/** Layouts lower than this stay one column: a person scrolls this far without losing the thread. */
const foldFrom = 1500;
/** Width over height a folded layout aims at: that of a wide editor. */
const aspect = 1.7;
/** Room between two columns for the edges that go from one to the next, and how far their lanes lie apart. */
const gutter = 64;
const laneStep = 5;
const lanesInGutter = 8;

interface Column {
  /** y at which the column is cut out of the layout. */
  readonly from: number;
  readonly to: number;
  /** Extent of the column's cards, and how far the column moves to its place. */
  readonly left: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly right: number;
}

export function foldColumns(input: GroupInput, layout: GroupLayout): GroupLayout {
  if (layout.height < foldFrom || layout.height < layout.width * aspect * 1.5) return layout;
  const wanted = Math.round(Math.sqrt((aspect * layout.height) / (layout.width + gutter)));
  const cuts = chooseCuts(layout, wanted);
  if (cuts.length < 2) return layout;
  const columns = placeColumns(input, layout, cuts);
  const columnOf = (y: number): number => {
    const found = columns.findIndex(({ to }) => y < to);
    return found < 0 ? columns.length - 1 : found;
  };
  const cardColumn = Int32Array.from(layout.rank, (rank) => columnOf(layout.rankTop[rank] ?? 0));
  const x = layout.x.map((value, card) => value + (columns[cardColumn[card] ?? 0]?.shiftX ?? 0));
  const y = layout.y.map((value, card) => value + (columns[cardColumn[card] ?? 0]?.shiftY ?? 0));
  // Lanes of edges that skip columns run above everything, one under the other.
  let overhead = 0;
  const routes = layout.routes.map((route, edge) => {
    const from = input.edges[edge * 2] ?? 0;
    const to = input.edges[edge * 2 + 1] ?? 0;
    const source = columns[cardColumn[from] ?? 0];
    const target = columns[cardColumn[to] ?? 0];
    if (source === undefined || target === undefined) return route;
    if (source === target) return route.map((value, at) => value + (at % 2 === 0 ? source.shiftX : source.shiftY));
    const lane = (edge % lanesInGutter) * laneStep;
    const startX = (x[from] ?? 0) + (input.portOut[from] ?? 0);
    const endX = (x[to] ?? 0) + (input.portIn[to] ?? 0);
    const leaveY = (layout.rankBottom[layout.rank[from] ?? 0] ?? 0) + source.shiftY + rankGap / 2;
    const arriveY = (layout.rankTop[layout.rank[to] ?? 0] ?? 0) + target.shiftY - rankGap / 2;
    const leaveX = source.right + source.shiftX + 12 + lane;
    const arriveX = target.left + target.shiftX - 12 - lane;
    const start = [startX, (y[from] ?? 0) + (input.height[from] ?? 0), startX, leaveY];
    const end = [endX, arriveY, endX, y[to] ?? 0];
    if (columns.indexOf(target) === columns.indexOf(source) + 1) return Float32Array.from([...start, leaveX, leaveY, leaveX, arriveY, ...end]);
    overhead = (overhead % lanesInGutter) + 1;
    const above = -overhead * laneStep;
    return Float32Array.from([...start, leaveX, leaveY, leaveX, above, arriveX, above, arriveX, arriveY, ...end]);
  });
  const rise = (lanesInGutter + 1) * laneStep;
  const width = Math.max(...columns.map(({ right, shiftX }) => right + shiftX));
  const height = Math.max(...columns.map(({ from, to }) => to - from)) + rise;
  return {
    ...layout,
    width,
    height,
    x,
    y: y.map((value) => value + rise),
    routes: routes.map((route) => route.map((value, at) => (at % 2 === 0 ? value : value + rise))),
  };
}

/** Rank numbers at which columns begin, near equal heights, each moved to where the fewest edges are cut. */
function chooseCuts(layout: GroupLayout, wanted: number): number[] {
  const ranks = layout.rankTop.length;
  const crossing = new Int32Array(ranks + 1);
  for (const route of layout.routes) {
    const top = route[1] ?? 0;
    const bottom = route.at(-1) ?? 0;
    const first = rankAt(layout, top) + 1;
    const last = rankAt(layout, bottom);
    crossing[first] = (crossing[first] ?? 0) + 1;
    crossing[last + 1] = (crossing[last + 1] ?? 0) - 1;
  }
  for (let rank = 1; rank <= ranks; rank += 1) crossing[rank] = (crossing[rank] ?? 0) + (crossing[rank - 1] ?? 0);
  const cuts = [0];
  const columnHeight = layout.height / wanted;
  for (let column = 1; column < wanted; column += 1) {
    const goal = column * columnHeight;
    const previous = cuts.at(-1) ?? 0;
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let rank = Math.max(previous + 1, rankAt(layout, goal - columnHeight * 0.2)); rank < ranks; rank += 1) {
      const distance = Math.abs((layout.rankTop[rank] ?? 0) - goal) / columnHeight;
      if (distance > 0.2 && (layout.rankTop[rank] ?? 0) > goal) break;
      const cost = (crossing[rank] ?? 0) + distance * 4;
      if (cost < bestCost) {
        best = rank;
        bestCost = cost;
      }
    }
    if (best > previous) cuts.push(best);
  }
  return cuts;
}

/** The rank whose band holds `y`, by bisection. */
function rankAt({ rankTop }: GroupLayout, y: number): number {
  let low = 0;
  let high = rankTop.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rankTop[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

function placeColumns(input: GroupInput, layout: GroupLayout, cuts: readonly number[]): Column[] {
  const count = cuts.length;
  const columnOfRank = new Int32Array(layout.rankTop.length);
  cuts.forEach((rank, column) => columnOfRank.fill(column, rank));
  const left = new Float32Array(count).fill(Number.POSITIVE_INFINITY);
  const right = new Float32Array(count);
  const reach = (column: number, from: number, to: number): void => {
    left[column] = Math.min(left[column] ?? 0, from);
    right[column] = Math.max(right[column] ?? 0, to);
  };
  layout.rank.forEach((rank, card) => reach(columnOfRank[rank] ?? 0, layout.x[card] ?? 0, (layout.x[card] ?? 0) + (input.width[card] ?? 0)));
  layout.routes.forEach((route, edge) => {
    const column = columnOfRank[layout.rank[input.edges[edge * 2] ?? 0] ?? 0] ?? 0;
    if (column !== columnOfRank[layout.rank[input.edges[edge * 2 + 1] ?? 0] ?? 0]) return;
    for (let at = 0; at < route.length; at += 2) reach(column, route[at] ?? 0, route[at] ?? 0);
  });
  const columns: Column[] = [];
  let place = 0;
  cuts.forEach((rank, column) => {
    const from = layout.rankTop[rank] ?? 0;
    const next = cuts[column + 1];
    const to = next === undefined ? layout.height : layout.rankTop[next] ?? layout.height;
    const start = left[column] ?? 0;
    const end = right[column] ?? 0;
    columns.push({ from, to, left: start, right: end, shiftX: place - start, shiftY: -from });
    place += end - start + gutter + neighbourGap;
  });
  return columns;
}
