// Loops of control-flow operators (Enter, Merge, Switch, NextIteration, Exit): each frame found, and unrolled where its rounds are known.
// Source: Yu et al., Dynamic Control Flow in Large-Scale Machine Learning, EuroSys 2018, section 4.
import { makeNode } from '../../../../graph/construct';
import type { Node } from '../../../../graph/model';
import { sortTopologically } from '../../../../graph/rewriteOrder';
import { stringAttribute } from '../../../../graph/traverse';

/** A loop: everything that runs once per round. */
export interface Frame {
  readonly name: string;
  /** Whether another loop lies in it. */
  readonly isNested: boolean;
  readonly merges: readonly Node[];
  readonly switches: readonly Node[];
  readonly exits: readonly Node[];
  /** The condition's value. */
  readonly condition: string;
  /** Nodes the condition needs, in order; then the rest of the round. */
  readonly before: readonly Node[];
  readonly body: readonly Node[];
  readonly next: ReadonlyMap<string, Node>;
}

/** Nodes in the order they are lowered; a loop is one step. */
export type Step = Node | Frame;

const machinery = new Set(['Enter', 'Merge', 'Switch', 'NextIteration', 'Exit', 'LoopCond']);

/** The steps of a graph. A frame comes where everything that enters it is known. */
export function steps(nodes: readonly Node[]): Step[] {
  const enters = nodes.filter(({ opType }) => opType === 'Enter');
  if (enters.length === 0) return [...nodes];
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [node]);
      else known.push(node);
    }
  const frames = new Map<Node, Frame>();
  const inside = new Set<Node>();
  for (const name of new Set(enters.map(frameName))) {
    const own = enters.filter((enter) => frameName(enter) === name);
    const region = regionOf(own, readers);
    if (region.some((node) => inside.has(node))) continue; // a loop within a loop belongs to the outer one
    for (const node of region) inside.add(node);
    const made = new Set(region.flatMap(({ outputs }) => outputs));
    const outer = region.flatMap(({ inputs }) => inputs).filter((input) => !made.has(input));
    frames.set(makeNode({ name, opType: 'Frame', inputs: outer, outputs: region.flatMap(({ opType, outputs }) => (opType === 'Exit' ? outputs : [])) }), frameOf(name, region));
  }
  return sortTopologically([...nodes.filter((node) => !inside.has(node)), ...frames.keys()], ({ inputs }) => inputs).map((node) => frames.get(node) ?? node);
}

const frameName = (node: Node): string => stringAttribute(node, 'frame_name') ?? '';

/** What is reached from the Enters without leaving by an Exit. */
function regionOf(enters: readonly Node[], readers: ReadonlyMap<string, readonly Node[]>): Node[] {
  const found = new Set<Node>(enters);
  const queue = [...enters];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (node.opType === 'Exit') continue;
    for (const output of node.outputs)
      for (const reader of readers.get(output) ?? [])
        if (!found.has(reader)) {
          found.add(reader);
          queue.push(reader);
        }
  }
  return [...found];
}

function frameOf(name: string, region: readonly Node[]): Frame {
  const of = (opType: string): Node[] => region.filter((node) => node.opType === opType);
  const loopCondition = of('LoopCond')[0];
  const later = new Set(of('NextIteration').flatMap(({ outputs }) => outputs));
  const sorted = sortTopologically([...region], ({ inputs }) => inputs.filter((input) => !later.has(input)));
  const makers = new Map(region.flatMap((node) => node.outputs.map((output): [string, Node] => [output, node])));
  const needed = new Set<Node>();
  const queue = [...(loopCondition?.inputs ?? [])];
  for (let input = queue.pop(); input !== undefined; input = queue.pop()) {
    const maker = makers.get(input);
    if (maker === undefined || machinery.has(maker.opType) || needed.has(maker)) continue;
    needed.add(maker);
    queue.push(...maker.inputs);
  }
  const plain = sorted.filter(({ opType }) => !machinery.has(opType) || opType === 'Enter');
  return {
    name,
    isNested: region.some((node) => node.opType === 'Enter' && frameName(node) !== name),
    merges: of('Merge'),
    switches: of('Switch'),
    exits: of('Exit'),
    condition: loopCondition?.inputs[0] ?? '',
    before: plain.filter((node) => needed.has(node) || node.opType === 'Enter'),
    body: plain.filter((node) => !needed.has(node) && node.opType !== 'Enter'),
    next: new Map(of('NextIteration').map((node) => [node.outputs[0] ?? '', node])),
  };
}
