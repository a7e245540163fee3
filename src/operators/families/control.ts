// Control flow (If, Loop, Scan), sequences and optionals.
import { sameDimension } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Graph, Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { row } from '../row';
import type { OperatorRow, Values } from '../row';
import { tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

/** A dimension that two ways of getting a value agree on. */
const common = (a: Dimension, b: Dimension): Dimension => (sameDimension(a, b) ? a : undefined);

/** What holds of a value whichever of two ways it came. */
export function commonType(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    if (a.elementType !== b.elementType) return undefined;
    const other = b.shape;
    return tensorOf(a.elementType, a.shape === undefined || a.shape.length !== other?.length ? undefined : a.shape.map((dimension, axis) => common(dimension, other[axis])));
  }
  if ((a.kind === 'sequence' && b.kind === 'sequence') || (a.kind === 'optional' && b.kind === 'optional')) {
    const of = commonType(a.of, b.of);
    return of === undefined ? undefined : { kind: a.kind, of };
  }
  return a.kind === b.kind ? a : undefined;
}

/** Both branches agree, or the one decides that a constant condition takes, or that alone is possible at these sizes. */
function branch(context: OperatorContext): Types {
  const chosen = context.numbers(0)?.[0];
  const yes = context.branch('then_branch');
  const no = context.branch('else_branch');
  if (!yes.possible && !no.possible) throw context.contradiction('neither branch fits its inputs');
  if (chosen !== undefined) return (chosen === 0 ? no : yes).types;
  if (!yes.possible || !no.possible) return (yes.possible ? yes : no).types;
  return yes.types.map((type, i) => commonType(type, no.types[i]));
}

/** Elements of the outputs of the branch that a known condition takes. */
function branchValues(context: OperatorContext): readonly (Values | undefined)[] {
  const chosen = context.numbers(0)?.[0];
  return chosen === undefined ? [] : context.outcome(chosen === 0 ? 'else_branch' : 'then_branch');
}

/** A type that may change shape from one iteration to the next. */
function loosened(type: ValueType | undefined): ValueType | undefined {
  if (type?.kind === 'tensor') return tensorOf(type.elementType);
  return type?.kind === 'sequence' || type?.kind === 'optional' ? { ...type, of: loosened(type.of) ?? type.of } : type;
}

/** Body: (iteration, condition, state …) → (condition, state …, scanned …). State is what start and body agree on. */
function loop(context: OperatorContext): Types {
  const start = context.node.inputs.slice(2).map((_, i) => context.type(i + 2));
  const states = start.length;
  const iteration = tensorOf('int64', []);
  const condition = tensorOf('bool', []);
  let carried: Types = start;
  let body = context.subgraph('body', [iteration, condition, ...carried]);
  for (let pass = 0; pass < maxLoopPasses; pass++) {
    const next = start.map((type, i) => commonType(type, body[i + 1]) ?? (type?.kind === body[i + 1]?.kind ? loosened(type) : undefined));
    const stable = next.every((type, i) => sameType(type, carried[i]));
    carried = next;
    if (stable) break;
    if (pass === maxLoopPasses - 1) carried = start.map(loosened);
    body = context.subgraph('body', [iteration, condition, ...carried]);
  }
  const goesOn = !context.has(1) || (context.numbers(1)?.[0] === 1 && keepsCondition(context.graph('body')));
  const trips = context.has(0) && goesOn ? context.values(0)?.[0] : undefined;
  const scanned = body.slice(1 + states).map((type) => (type?.kind === 'tensor' ? tensorOf(type.elementType, type.shape === undefined ? undefined : [trips, ...type.shape]) : undefined));
  return [...carried, ...scanned];
}

/** The body hands its condition on as it got it: the loop runs as often as it is told to. */
function keepsCondition(body: Graph | undefined): boolean {
  let name = body?.outputs[0]?.name;
  for (const node of body?.nodes.toReversed() ?? []) if (node.opType === 'Identity' && node.domain === '' && node.outputs[0] === name) name = node.inputs[0];
  return name !== undefined && name === body?.inputs[1]?.name;
}

/** Shapes of the state settle after a pass or two; deeper changes count as unknown. */
const maxLoopPasses = 3;

function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if ((a?.kind === 'sequence' && b?.kind === 'sequence') || (a?.kind === 'optional' && b?.kind === 'optional')) return sameType(a.of, b.of);
  if (a?.kind !== 'tensor' || b?.kind !== 'tensor') return a === b || a?.kind === b?.kind;
  if (a.elementType !== b.elementType || a.shape?.length !== b.shape?.length) return false;
  return a.shape?.every((dimension, axis) => dimension === b.shape?.[axis] || sameDimension(dimension, b.shape?.[axis])) ?? true;
}

/** Body: (state …, slices …) → (state …, scanned …), along one axis of each scanned input. */
function scan(context: OperatorContext): Types {
  const offset = context.opset < 9 ? 1 : 0;
  const scans = context.int('num_scan_inputs', 1);
  const states = context.inputCount - offset - scans;
  if (scans < 0 || states < 0) throw context.contradiction(`num_scan_inputs is ${scans} of ${context.inputCount} inputs`);
  const axes = context.ints('scan_input_axes') ?? [];
  const outputAxes = context.ints('scan_output_axes') ?? [];
  if (offset === 1) return scanBatch(context, scans, states);
  let steps: Dimension;
  const slices = Array.from({ length: scans }, (_, i) => {
    const type = context.type(states + i);
    if (type?.kind !== 'tensor' || type.shape === undefined) return loosened(type);
    const axis = context.axis(axes[i] ?? 0, type.shape.length);
    steps ??= type.shape[axis];
    return tensorOf(type.elementType, type.shape.filter((_, at) => at !== axis));
  });
  const start = Array.from({ length: states }, (_, i) => context.type(i));
  const body = context.subgraph('body', [...start, ...slices]);
  return context.node.outputs.map((_, i) => {
    const type = body[i];
    if (i < states) return commonType(type, start[i]) ?? loosened(type);
    if (type?.kind !== 'tensor' || type.shape === undefined) return loosened(type);
    const at = outputAxes[i - states] ?? 0;
    const axis = at < 0 ? at + type.shape.length + 1 : at;
    return tensorOf(type.elementType, [...type.shape.slice(0, axis), steps, ...type.shape.slice(axis)]);
  });
}

/** Scan of opset 8: (sequence_lens?, state [batch, …] …, scanned [batch, steps, …] …); the body sees one sequence of the batch. */
function scanBatch(context: OperatorContext, scans: number, states: number): Types {
  const types = Array.from({ length: states + scans }, (_, i) => context.type(i + 1));
  const [batch, steps] = types[states]?.kind === 'tensor' ? (context.shape(states + 1) ?? []) : [];
  const inner = types.map((type, i) => (type?.kind === 'tensor' ? tensorOf(type.elementType, type.shape?.slice(i < states ? 1 : 2)) : type));
  const body = context.subgraph('body', inner);
  return context.node.outputs.map((_, i) => {
    const type = body[i];
    if (i < states) return commonType(outside(type, [batch]), types[i]) ?? loosened(type);
    return outside(type, [batch, steps]);
  });
}

/** A type with axes put before its own. */
const outside = (type: ValueType | undefined, axes: Shape): ValueType | undefined => (type?.kind === 'tensor' && type.shape !== undefined ? tensorOf(type.elementType, [...axes, ...type.shape]) : loosened(type));

const elementOf = (type: ValueType | undefined): ValueType | undefined => (type?.kind === 'sequence' || type?.kind === 'optional' ? type.of : undefined);
const sequenceOf = (of: ValueType | undefined): ValueType | undefined => (of === undefined ? undefined : { kind: 'sequence', of });

function splitToSequence(context: OperatorContext): Types {
  const shape = context.shape(0);
  const type = context.elementType(0);
  if (shape === undefined) return [sequenceOf(tensorOf(type))];
  const axis = context.axis(context.int('axis', 0), shape.length);
  if (context.has(1)) return [sequenceOf(tensorOf(type, shape.with(axis, context.rank(1) === 0 && sameParts(shape[axis], context.values(1)?.[0]) ? context.values(1)?.[0] : undefined)))];
  return [sequenceOf(tensorOf(type, context.int('keepdims', 1) === 1 ? shape.with(axis, 1) : shape.filter((_, at) => at !== axis)))];
}

/** Equal parts: the size divides the axis. */
const sameParts = (size: Dimension, part: Dimension): boolean => typeof size === 'number' && typeof part === 'number' && part > 0 && size % part === 0;

function concatFromSequence(context: OperatorContext): Types {
  const type = elementOf(context.type(0));
  if (type?.kind !== 'tensor' || type.shape === undefined) return [loosened(type)];
  const fresh = context.int('new_axis', 0) === 1;
  const rank = type.shape.length + (fresh ? 1 : 0);
  const axis = context.axis(context.int('axis', 0), rank);
  const shape: Shape = fresh ? [...type.shape.slice(0, axis), undefined, ...type.shape.slice(axis)] : type.shape.with(axis, undefined);
  return [tensorOf(type.elementType, shape)];
}

/** Elements are whatever went in: what all agree on. */
function sequenceConstruct(context: OperatorContext): Types {
  const parts = context.node.inputs.map((_, i) => context.type(i));
  return [sequenceOf(parts.slice(1).reduce((joined, type) => commonType(joined, type) ?? loosened(joined), parts[0]))];
}

function optional(context: OperatorContext): Types {
  const declared = context.node.attributes.get('type');
  const of = context.type(0) ?? (declared?.type === 'type' ? declared.value : undefined);
  return [of === undefined ? undefined : { kind: 'optional', of }];
}

/** From opset 18 on, what is no optional is taken as it is. */
const present = (type: ValueType | undefined): ValueType | undefined => (type?.kind === 'optional' ? type.of : type);

export const controlRows: readonly OperatorRow[] = [
  row('If', { open: 'where the branches differ', inputs: 'cond', outputs: 'outputs*', infer: branch, values: branchValues, traits: { control: true } }),
  row('Loop', { open: 'state that changes shape, and how often a condition lets it run', inputs: 'M? cond? v_initial*', outputs: 'v_final_and_scan_outputs*', infer: loop, traits: { control: true } }),
  row('Scan', { open: 'state that changes shape', inputs: 'initial_state_and_scan_inputs*', outputs: 'final_state_and_scan_outputs*', infer: scan, traits: { control: true } }),
  row('SequenceMap', {
    open: 'where elements differ',
    inputs: 'input_sequence additional_inputs*',
    outputs: 'out_sequence*',
    infer: (context) =>
      context
        .subgraph(
          'body',
          context.node.inputs.map((_, i) => elementOf(context.type(i)) ?? context.type(i)),
        )
        .map(sequenceOf),
    traits: { control: true },
  }),
  row('SequenceConstruct', { open: 'where elements differ', inputs: 'inputs*', outputs: 'output_sequence', infer: sequenceConstruct }),
  row('SequenceEmpty', { open: 'what is put in later', inputs: '', outputs: 'output', infer: () => [] }),
  row('SequenceInsert', { open: 'where elements differ', inputs: 'input_sequence tensor position?', outputs: 'output_sequence', infer: (context) => [sequenceOf(commonType(elementOf(context.type(0)), context.type(1)) ?? loosened(context.type(1)))] }),
  row('SequenceErase', { inputs: 'input_sequence position?', outputs: 'output_sequence', infer: (context) => [context.type(0)] }),
  row('SequenceAt', { open: 'where elements differ', inputs: 'input_sequence position', outputs: 'tensor', infer: (context) => [elementOf(context.type(0))] }),
  row('SequenceLength', { inputs: 'input_sequence', outputs: 'length', infer: () => [tensorOf('int64', [])] }),
  row('SplitToSequence', { open: 'where parts differ', inputs: 'input split?', outputs: 'output_sequence', infer: splitToSequence }),
  row('ConcatFromSequence', { open: 'how many elements there are', inputs: 'input_sequence', outputs: 'concat_result', infer: concatFromSequence }),
  row('Optional', { inputs: 'input?', outputs: 'output', infer: optional }),
  row('OptionalHasElement', { inputs: 'input?', outputs: 'output', infer: () => [tensorOf('bool', [])] }),
  row('OptionalGetElement', { inputs: 'input', outputs: 'output', infer: (context) => [present(context.type(0))] }),
];

