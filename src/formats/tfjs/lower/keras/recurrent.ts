// Keras's recurrent layers as ONNX's, wrappers for two directions and for every time step.
// Gates: Keras keeps LSTM's as i, f, c, o and GRU's as z, r, h; ONNX wants i, o, f, c and z, r, h. Source: keras/src/layers/rnn; ONNX, LSTM and GRU.
import { makeNode } from '../../../../graph/construct';
import { elementCount, float32Tensor, type Tensor } from '../../../../tensor/tensor';
import { toFloat32Array } from '../../../../tensor/decode';
import { kerasAttributes } from '../../kerasAttributes';
import { anyField, field, isObject, type JsonObject } from '../../context';
import { fixedDims, type Held, type NodeContext, type Rules } from '../context';
import { shapeValue } from '../axes';
import { derived } from '../layout';

interface Kind {
  readonly opType: 'RNN' | 'GRU' | 'LSTM';
  /** Position of each of ONNX's gates among Keras's. */
  readonly gates: readonly number[];
  readonly outputs: number;
}

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['SimpleRNN', { opType: 'RNN', gates: [0], outputs: 2 }],
  ['GRU', { opType: 'GRU', gates: [0, 1, 2], outputs: 2 }],
  ['LSTM', { opType: 'LSTM', gates: [0, 3, 1, 2], outputs: 3 }],
]);

/** Names of ONNX's activation functions that need no parameters, by Keras's. */
const functions: ReadonlyMap<string, string> = new Map([
  ['tanh', 'Tanh'],
  ['relu', 'Relu'],
  ['sigmoid', 'Sigmoid'],
  ['hard_sigmoid', 'HardSigmoid'],
  ['softsign', 'Softsign'],
  ['softplus', 'Softplus'],
]);

/** One direction's weights: kernel [in, gates · units], recurrent kernel [units, gates · units], bias. */
interface Direction {
  readonly kernel: Tensor;
  readonly recurrent: Tensor;
  readonly bias: Tensor | undefined;
}

const constant = (c: NodeContext, input: number): Tensor => c.tensor(input) ?? c.refuse('its weights are not constant');

function directionAt(c: NodeContext, from: number, hasBias: boolean): Direction {
  return { kernel: constant(c, from), recurrent: constant(c, from + 1), bias: hasBias ? constant(c, from + 2) : undefined };
}

/** [rows, gates · units] of every direction as [directions, gates · units, rows], gates in ONNX's order. */
function stacked(name: string, tensors: readonly Tensor[], units: number, gates: readonly number[]): Tensor {
  const rows = tensors[0]?.dims[0] ?? 0;
  const dims = [tensors.length, gates.length * units, rows];
  return derived(name, tensors[0] ?? float32Tensor(name, [0], []), dims, () => {
    const result = new Float32Array(elementCount(dims));
    let at = 0;
    for (const tensor of tensors) {
      const values = toFloat32Array(tensor);
      for (const gate of gates) for (let unit = 0; unit < units; unit++) for (let row = 0; row < rows; row++) result[at++] = values[row * gates.length * units + gate * units + unit] ?? 0;
    }
    return new Uint8Array(result.buffer);
  });
}

/** Biases [gates · units], or [2, gates · units] for input and recurrence, as [directions, 2 · gates · units]. */
function biases(name: string, tensors: readonly Tensor[], units: number, gates: readonly number[]): Tensor {
  const each = gates.length * units;
  const dims = [tensors.length, 2 * each];
  return derived(name, tensors[0] ?? float32Tensor(name, [0], []), dims, () => {
    const result = new Float32Array(elementCount(dims));
    for (const [direction, tensor] of tensors.entries()) {
      const values = toFloat32Array(tensor);
      for (let i = 0; i < Math.min(values.length, 2 * each); i++) {
        const half = Math.floor(i / each);
        const gate = gates.indexOf(Math.floor((i % each) / units));
        result[direction * 2 * each + half * each + gate * units + (i % units)] = values[i] ?? 0;
      }
    }
    return new Uint8Array(result.buffer);
  });
}

/** Results [time, directions, batch, units] and the last states, each [directions, batch, units]. */
interface Run {
  readonly y: string;
  readonly states: readonly string[];
}

/** @param initial states it starts from, each [batch, units]; zeros where there are none */
function run(c: NodeContext, kind: Kind, directions: readonly Direction[], direction: 'forward' | 'reverse' | 'bidirectional', initial: readonly string[] = []): Run {
  const units = directions[0]?.recurrent.dims[0] ?? 0;
  if (c.flag('stateful')) c.refuse('it keeps its state between runs');
  const resetAfter = c.flag('reset_after');
  const named = (attribute: string, fallback: string): string => {
    const name = c.text(attribute) ?? fallback;
    return functions.get(name) ?? c.refuse(`the activation ${name}`);
  };
  const [activation, gate] = [named('activation', 'tanh'), kind.opType === 'RNN' ? '' : named('recurrent_activation', 'hard_sigmoid')];
  const each = kind.opType === 'RNN' ? [activation] : kind.opType === 'GRU' ? [gate, activation] : [gate, activation, activation];
  const x = c.emit('Transpose', [c.value(0)], { perm: [1, 0, 2] });
  const { name } = c.node;
  const w = c.onnx.constant(stacked(`${name}/W`, directions.map(({ kernel }) => kernel), units, kind.gates));
  const r = c.onnx.constant(stacked(`${name}/R`, directions.map(({ recurrent }) => recurrent), units, kind.gates));
  const given = directions.flatMap(({ bias }) => (bias === undefined ? [] : [bias]));
  const b = given.length === 0 ? (initial.length === 0 ? [] : ['']) : [c.onnx.constant(biases(`${name}/B`, given, units, kind.gates))];
  const states0 = initial.length === 0 ? [] : ['', ...initial.map((state) => c.emit('Unsqueeze', [state, c.onnx.ints([0])]))];
  const init = { hidden_size: units, direction, activations: { type: 'strings', value: directions.flatMap(() => each) } as const };
  const [y = '', ...states] = c.onnx.emitAll(kind.opType, [x, w, r, ...b, ...states0], kind.outputs, kind.opType === 'GRU' ? { ...init, linear_before_reset: resetAfter ? 1 : 0 } : init);
  return { y, states };
}

/** One direction of the results as Keras has them: [batch, time, units] in the order they were made, or the last one. */
function outcome(c: NodeContext, { y, states }: Run, direction: number, backwards: boolean): string {
  if (!c.flag('return_sequences')) return c.emit('Gather', [states[0] ?? '', c.onnx.int(direction)], { axis: 0 });
  const sequence = c.emit('Transpose', [c.emit('Gather', [y, c.onnx.int(direction)], { axis: 1 })], { perm: [1, 0, 2] });
  return backwards ? reversed(c, sequence) : sequence;
}

function reversed(c: NodeContext, sequence: string): string {
  return c.emit('Slice', [sequence, c.onnx.ints([-1]), c.onnx.ints([-(2 ** 31 - 1)]), c.onnx.ints([1]), c.onnx.ints([-1])]);
}

function recurrent(c: NodeContext): void {
  const kind = kinds.get(c.node.opType) ?? c.refuse(c.node.opType);
  const hasBias = c.flag('use_bias', true);
  const given = c.inputCount - (hasBias ? 4 : 3);
  if (given !== 0 && given !== kind.outputs - 1) c.refuse(`it is called with ${given} states`);
  const initial = Array.from({ length: given }, (_, i) => c.value(i + 1));
  const backwards = c.flag('go_backwards');
  const result = run(c, kind, [directionAt(c, 1 + given, hasBias)], backwards ? 'reverse' : 'forward', initial);
  c.set(0, outcome(c, result, 0, backwards));
  result.states.forEach((state, i) => c.set(i + 1, c.emit('Gather', [state, c.onnx.int(0)], { axis: 0 })));
}

/** The layer that a wrapper holds, as a node of its own: the same inputs, its own attributes. */
function inner(c: NodeContext, field: string): { readonly className: string; readonly config: JsonObject } {
  const layer = c.config === undefined ? undefined : anyField(c.config, field);
  const className = isObject(layer) ? anyField(layer, 'class_name', 'className') : undefined;
  const config = isObject(layer) ? anyField(layer, 'config') : undefined;
  return typeof className === 'string' && isObject(config) ? { className, config } : c.refuse('what it holds is not said');
}

/** Both directions of one recurrent layer: forward weights, then backward ones. */
function bidirectional(c: NodeContext): void {
  const { className, config } = inner(c, 'layer');
  const kind = kinds.get(className) ?? c.refuse(`it holds a ${className}`);
  const node = makeNode({ ...c.node, opType: className, attributes: kerasAttributes(config) });
  const held = new Map(c.node.inputs.map((name, input) => [name, c.held(input)]));
  const layer = c.within(node, held);
  if (layer.flag('go_backwards')) c.refuse('its layer goes backwards');
  // null, which is not the same as left out.
  const { config: own = {} } = c;
  if ([field(own, 'merge_mode'), field(own, 'mergeMode')].includes(null)) c.refuse('it gives both directions as outputs of their own');
  const hasBias = layer.flag('use_bias', true);
  const each = hasBias ? 3 : 2;
  if (c.inputCount !== 2 * each + 1) c.refuse('it is called with an initial state');
  if (layer.flag('return_state')) c.refuse('it returns its states');
  const result = run(layer, kind, [directionAt(layer, 1, hasBias), directionAt(layer, 1 + each, hasBias)], 'bidirectional');
  // Keras turns the backward direction's results round again: ONNX's are in the order of time already.
  const parts = [outcome(layer, result, 0, false), outcome(layer, result, 1, false)];
  c.set(0, mergedBy(c, parts));
}

function mergedBy(c: NodeContext, parts: readonly string[]): string {
  const mode = c.text('merge_mode') ?? 'concat';
  switch (mode) {
    case 'concat':
      return c.emit('Concat', parts, { axis: -1 });
    case 'sum':
      return c.emit('Add', parts);
    case 'mul':
      return c.emit('Mul', parts);
    case 'ave':
      return c.emit('Mul', [c.emit('Add', parts), c.onnx.scalar(0.5)]);
    default:
      return c.refuse(`merge mode ${mode}`);
  }
}

/** The layer inside on all time steps of all examples as one batch. */
function timeDistributed(c: NodeContext): void {
  const { className, config } = inner(c, 'layer');
  const rest = fixedDims(c.shape(0)?.slice(2)) ?? c.refuse('the shape of a time step is unknown');
  const flat = c.emit('Reshape', [c.value(0), c.onnx.ints([-1, ...rest])]);
  const name = c.node.inputs[0] ?? '';
  const node = makeNode({ ...c.node, opType: className, attributes: kerasAttributes(config) });
  const result = c.applied(node, new Map([[name, { last: flat } satisfies Held]]));
  const y = c.last(result);
  const made = fixedDims(c.onnx.shape(y)?.slice(1)) ?? c.refuse('the shape of its result is unknown');
  const lead = c.emit('Slice', [shapeValue(c, 0), c.onnx.ints([0]), c.onnx.ints([2])]);
  const target = c.emit('Concat', [lead, c.onnx.ints(made)], { axis: 0 });
  const shaped = c.emit('Reshape', [y, target]);
  c.onnx.refine(shaped, [...(c.shape(0)?.slice(0, 2) ?? []), ...made]);
  c.set(0, shaped);
}

export const recurrentRules: Rules = { SimpleRNN: recurrent, GRU: recurrent, LSTM: recurrent, Bidirectional: bidirectional, TimeDistributed: timeDistributed };
