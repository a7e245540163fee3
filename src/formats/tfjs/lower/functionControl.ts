// Loops and branches whose parts are functions of the model's library: unrolled and chosen where their course is known, else ONNX's Loop and If.
import { makeGraph, tensorType } from '../../../graph/construct';
import { sameDimension } from '../../../graph/dimension';
import type { FunctionBody, Graph, Shape, ValueInfo, ValueType } from '../../../graph/model';
import { firstOf, type Held, lastOf, type NodeContext } from './context';
import type { Emitter } from './emitter';
import { reached } from './reach';

/** More rounds than this are a loop, not a repetition. */
export const mostRounds = 64;
/** Shapes that differ from round to round are known less well each time the body is written; four axes can be. */
const mostAttempts = 6;

/** A While of functions. */
export function whileFunction(c: NodeContext): void {
  const given = [...c.node.inputs.keys()].map((input) => c.held(input));
  const values = unrolled(c, given) ?? looped(c, given);
  values.forEach((value, i) => c.setHeld(i, value));
}

/** An If of functions. */
export function ifFunction(c: NodeContext): void {
  const known = truth(c.onnx, c.held(0));
  const given = [...c.node.inputs.keys()].slice(1).map((input) => c.held(input));
  const values = known === undefined ? branched(c, given) : call(c, known ? 'then_branch' : 'else_branch', given);
  values.forEach((value, i) => c.setHeld(i, value));
}

/** A call of a function. */
export function callFunction(c: NodeContext): void {
  call(c, 'f', [...c.node.inputs.keys()].map((input) => c.held(input))).forEach((value, i) => c.setHeld(i, value));
}

/** Whether a condition holds in every run; undefined where it depends on the input. */
export function truth(onnx: Emitter, { last }: Held): boolean | undefined {
  const value = last === undefined ? undefined : onnx.values(last)?.[0];
  return typeof value === 'number' ? value !== 0 : undefined;
}

/** What the functions that a node names are to it. */
const roles = { f: 'function', cond: 'condition', body: 'body', then_branch: 'branch', else_branch: 'branch' } as const;

const call = (c: NodeContext, attribute: keyof typeof roles, values: readonly Held[]): readonly Held[] => c.call(c.text(attribute) ?? '', values) ?? c.refuse(`its ${roles[attribute]} is not lowered`);

/** What it ends with, where it is known how often it runs, and that is not too often. */
function unrolled(c: NodeContext, given: readonly Held[]): readonly Held[] | undefined {
  let values = given;
  for (let round = 0; round <= mostRounds; round++) {
    const [condition] = call(c, 'cond', values);
    const known = condition === undefined ? undefined : truth(c.onnx, condition);
    if (known === false) return values;
    if (known === undefined || round === mostRounds) return undefined;
    values = call(c, 'body', values);
  }
  return undefined;
}

/** A graph within a node, before the node is written. */
interface Inner {
  readonly graph: Graph;
  readonly types: readonly (ValueType | undefined)[];
}

function looped(c: NodeContext, given: readonly Held[]): readonly Held[] {
  const { onnx } = c;
  const fixed = unchanging(c.functionNamed(c.text('body') ?? '') ?? c.refuse('its body is not lowered'));
  const carried = [...given.keys()].filter((i) => !fixed.has(i));
  const outside = given.map((held) => fresh(onnx, held));
  const start = carried.map((i) => nameOf(c, outside[i]));
  const first = condition(c, call(c, 'cond', outside));
  let types = start.map((name) => onnx.type(name));
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const names = types.map((type, i) => onnx.declare(`${c.node.name}/carried_${i}`, type ?? c.refuse('a value it carries is of no known type')));
    const [round, going] = [onnx.declare(`${c.node.name}/round`, tensorType('int64', [])), onnx.declare(`${c.node.name}/going`, tensorType('bool', []))];
    const inputs = [round, going, ...names].map((name) => info(onnx, name));
    const inner = within(onnx, inputs, () => {
      const values = outside.map((held, i): Held => (fixed.has(i) ? { ...held } : { last: names[carried.indexOf(i)] ?? '' }));
      const after = call(c, 'body', values).map((held) => fresh(onnx, held));
      return [condition(c, call(c, 'cond', after.map((held, i) => (fixed.has(i) ? { ...(outside[i] ?? held) } : { ...held })))), ...carried.map((i) => nameOf(c, after[i]))];
    });
    const widened = types.map((type, i) => common(c, type, inner.types[i + 1]));
    if (widened.every((type, i) => isSame(type, types[i]))) {
      const made = onnx.emitHolding('Loop', ['', first, ...start], { body: inner.graph }, widened);
      return given.map((held, i) => (fixed.has(i) ? held : { last: made[carried.indexOf(i)] ?? '' }));
    }
    types = widened;
  }
  return c.refuse('the shapes it carries change from round to round');
}

function branched(c: NodeContext, given: readonly Held[]): readonly Held[] {
  const { onnx } = c;
  const outside = given.map((held) => fresh(onnx, held));
  const decided = condition(c, [c.held(0)]);
  const branch = (attribute: 'then_branch' | 'else_branch'): Inner => within(onnx, [], () => call(c, attribute, outside.map((held) => ({ ...held }))).map((held) => nameOf(c, fresh(onnx, held))));
  const [then, other] = [branch('then_branch'), branch('else_branch')];
  if (then.types.length !== other.types.length) c.refuse('its branches make different numbers of values');
  return onnx.emitHolding('If', [decided], { then_branch: then.graph, else_branch: other.graph }, then.types.map((type, i) => common(c, type, other.types[i]))).map((last) => ({ last }));
}

/** Writes a graph of its own; what it gives out is made in it, each under a name of its own. */
function within(onnx: Emitter, inputs: readonly ValueInfo[], write: () => readonly string[]): Inner {
  const { nodes, result } = onnx.nested(() => {
    const made = write();
    return made.map((name) => onnx.copied(name));
  });
  const live = reached(nodes, new Set(result));
  return { graph: makeGraph('body', { inputs: [...inputs], outputs: result.map((name) => info(onnx, name)), nodes: nodes.filter((node) => live.has(node)) }), types: result.map((name) => onnx.type(name)) };
}

function info(onnx: Emitter, name: string): ValueInfo {
  const type = onnx.type(name);
  return type === undefined ? { name } : { name, type };
}

/** A value as others may see it: what is moved for it within a graph is not there outside. */
function fresh(onnx: Emitter, held: Held): Held {
  if (held.list !== undefined) return held;
  return held.last === undefined && held.first !== undefined ? { last: lastOf(onnx, held), first: firstOf(onnx, held) } : { ...held };
}

const nameOf = (c: NodeContext, held: Held | undefined): string => (held === undefined || held.list !== undefined ? c.refuse('it carries a list') : lastOf(c.onnx, held));

/** The condition as the scalar that ONNX wants. */
function condition(c: NodeContext, [held]: readonly Held[]): string {
  const flag = c.onnx.cast(nameOf(c, held), 'bool');
  return c.onnx.shape(flag)?.length === 0 ? flag : c.emit('Reshape', [flag, c.onnx.ints([])]);
}

/** Which arguments a body hands on as they are: weights and limits, mostly. */
function unchanging(body: FunctionBody): ReadonlySet<number> {
  const copies = new Map(body.nodes.flatMap(({ opType, inputs, outputs }) => (opType === 'Identity' ? [[outputs[0] ?? '', inputs[0] ?? ''] as const] : [])));
  const found = new Set<number>();
  for (const [i, output] of body.outputs.entries()) {
    let name: string | undefined = output;
    for (let left = copies.size; left > 0 && copies.has(name ?? ''); left--) name = copies.get(name ?? '');
    if (name === body.inputs[i]) found.add(i);
  }
  return found;
}

/** What holds of both: equal dimensions. */
function common(c: NodeContext, a: ValueType | undefined, b: ValueType | undefined): ValueType {
  if (a?.kind !== 'tensor' || b?.kind !== 'tensor' || a.elementType !== b.elementType) return c.refuse('the types it carries change');
  const shape: Shape | undefined = a.shape === undefined || b.shape?.length !== a.shape.length ? undefined : a.shape.map((dimension, axis) => (sameDimension(dimension, b.shape?.[axis]) ? dimension : undefined));
  return tensorType(a.elementType, shape);
}

function isSame(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a?.kind !== 'tensor' || b?.kind !== 'tensor' || a.shape?.length !== b.shape?.length) return false;
  return (a.shape ?? []).every((dimension, axis) => dimension === b.shape?.[axis] || sameDimension(dimension, b.shape?.[axis]));
}
