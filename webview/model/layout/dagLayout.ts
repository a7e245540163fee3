// The layout of one group by d3-dag: our ranks, its crossing reduction and coordinates. Runs in the worker only.
import { coordGreedy, coordSimplex, decrossDfs, decrossTwoLayer, graph, sugiyama, twolayerGreedy, type Coord, type Decross, type GraphLink, type GraphNode, type Layering } from 'd3-dag';
import { lanesNeeded, neighbourGap, rankBands, rankCards, rankGap, type GroupInput, type GroupLayout } from './groupLayout';
import { plainLayout } from './plainLayout';

/** Cards and lanes up to which each method stays quick: the simplex is exact but cubic, greedy takes 0.15 s at 1,000. */
const simplexSlots = 70;
const greedySlots = 1500;

/** Straightness weights for short edges, ends of long edges, and lanes: the main path stays straight, shortcuts bend. */
const straightness = [12, 1, 4] as const;

interface CardDatum {
  readonly card: number;
  readonly rank: number;
}

export function dagLayout(input: GroupInput): GroupLayout {
  const rank = rankCards(input.count, input.edges);
  const slots = input.count + lanesNeeded(input.edges, rank);
  if (slots > greedySlots || input.count === 0) return plainLayout(input);

  const dag = graph<CardDatum, number>();
  const nodes = Array.from(rank, (value, card) => dag.node({ card, rank: value }));
  const links: GraphLink<CardDatum, number>[] = [];
  for (let edge = 0; edge * 2 < input.edges.length; edge += 1) {
    const from = nodes[input.edges[edge * 2] ?? 0];
    const to = nodes[input.edges[edge * 2 + 1] ?? 0];
    if (from !== undefined && to !== undefined) links.push(dag.link(from, to, edge));
  }
  const small = slots <= simplexSlots;
  const coord: Coord<unknown, unknown> = small ? coordSimplex().weight(straightness) : coordGreedy();
  const decross: Decross<unknown, unknown> = small ? decrossTwoLayer().order(twolayerGreedy()) : decrossDfs();
  const size = ({ data }: GraphNode<CardDatum, number>): [number, number] => [Math.max(1, input.width[data.card] ?? 1), Math.max(1, input.height[data.card] ?? 1)];
  const { width } = sugiyama().layering(byRank).decross(decross).coord(coord).nodeSize(size).gap([neighbourGap, rankGap])(dag);

  const { top, bottom } = rankBands(rank, input.height);
  const x = new Float32Array(input.count);
  const y = new Float32Array(input.count);
  nodes.forEach((node, card) => {
    const band = rank[card] ?? 0;
    x[card] = node.x - (input.width[card] ?? 0) / 2;
    y[card] = ((top[band] ?? 0) + (bottom[band] ?? 0) - (input.height[card] ?? 0)) / 2;
  });
  const routes = links.map(({ points, source, target }) => {
    const from = source.data.card;
    const to = target.data.card;
    const startX = (x[from] ?? 0) + (input.portOut[from] ?? 0);
    const endX = (x[to] ?? 0) + (input.portIn[to] ?? 0);
    const corners = [startX, (y[from] ?? 0) + (input.height[from] ?? 0), startX, bottom[source.data.rank] ?? 0];
    // d3-dag gives one point per rank between the two ends: a lane through the rank's whole band, past its tallest card.
    for (let at = 1; at + 1 < points.length; at += 1) {
      const lane = points[at]?.[0] ?? 0;
      corners.push(lane, top[source.data.rank + at] ?? 0, lane, bottom[source.data.rank + at] ?? 0);
    }
    corners.push(endX, top[target.data.rank] ?? 0, endX, y[to] ?? 0);
    return Float32Array.from(corners);
  });
  return { width, height: bottom.at(-1) ?? 0, x, y, rank, rankTop: top, rankBottom: bottom, routes };
}

const byRank: Layering<CardDatum, unknown> = (dag) => {
  let last = 0;
  for (const node of dag.nodes()) {
    node.y = node.data.rank;
    last = Math.max(last, node.data.rank);
  }
  return last;
};
