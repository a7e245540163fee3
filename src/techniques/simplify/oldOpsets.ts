// Rewrites that versions 2 to 7 of ai.onnx ask for. onnxruntime has hardly a kernel of what was before 7: raising is what makes such models run.
import { elementTypeNamed } from '../../operators/arithmetic';
import { float } from '../../graph/construct';
import { floatAttribute, intAttribute, stringAttribute } from '../../graph/traverse';
import { elementTypeCode } from '../../tensor/elementType';
import { int64Tensor } from '../../tensor/tensor';
import { moveInts } from './opsetChanges';
import type { OpsetChange, OpsetRow } from './opset';

const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'];
const recurrent = ['LSTM', 'GRU', 'RNN'];

export const oldOpsetRows: readonly OpsetRow[] = [
  { op: 'GlobalLpPool', version: 2, change: wholePower },
  { op: 'LpPool', version: 2, change: wholePower },
  { op: 'Pad', version: 2, change: (change) => rename(change, 'paddings', 'pads') },
  { op: 'Split', version: 2, change: ({ refuse }) => refuse('its lengths were an input, which attributes cannot hold') },
  { op: 'Concat', version: 4, change: ({ node }) => void node.attributes.set('axis', { type: 'int', value: intAttribute(node, 'axis', 1) }) },
  { op: 'Reshape', version: 5, change: (change) => moveInts(change, 'shape', 1) },
  { op: 'Cast', version: 6, change: castByCode },
  { op: 'Selu', version: 6, change: seluDefaults },
  { op: 'Tile', version: 6, change: ({ refuse }) => refuse('it now repeats all axes, not one') },
  // Said which inputs might be overwritten; it was never meant to change what is computed.
  { op: '*', version: 6, change: ({ node }) => void node.attributes.delete('consumed_inputs') },
  ...binary.map((op): OpsetRow => ({ op, version: 7, change: broadcast })),
  { op: 'Gemm', version: 7, change: ({ node }) => void node.attributes.delete('broadcast') },
  { op: 'PRelu', version: 7, change: (change) => alignWith(change, 1) },
  { op: 'BatchNormalization', version: 7, change: inferenceOnly },
  { op: 'Dropout', version: 7, change: inferenceOnly },
  { op: 'Upsample', version: 7, change: upsampleFactors },
  ...recurrent.map((op): OpsetRow => ({ op, version: 7, change: ({ refuse }) => refuse('which of its outputs there are is said otherwise') })),
];

function rename({ node }: OpsetChange, from: string, to: string): void {
  const attribute = node.attributes.get(from);
  if (attribute === undefined) return;
  node.attributes.delete(from);
  node.attributes.set(to, attribute);
}

function wholePower({ node, refuse }: OpsetChange): void {
  const power = floatAttribute(node, 'p', 2);
  if (!Number.isInteger(power)) return refuse(`its power is now whole, and here it is ${power}`);
  node.attributes.set('p', { type: 'int', value: power });
}

/** The type was a name of TensorProto.DataType. */
function castByCode({ node, refuse }: OpsetChange): void {
  const name = stringAttribute(node, 'to') ?? '';
  const type = elementTypeNamed(name);
  if (type === undefined) return refuse(`${name || 'nothing'} names no type`);
  node.attributes.set('to', { type: 'int', value: elementTypeCode(type) });
}

/** Defaults of Selu 1 had fewer digits. */
function seluDefaults({ node }: OpsetChange): void {
  for (const [name, value] of [['alpha', 1.6732], ['gamma', 1.0507]] as const) if (!node.attributes.has(name)) node.attributes.set(name, float(value));
}

/** The second operand was spread over the first from `axis` on, by default along its last axes, where broadcasting does the same. */
function broadcast(change: OpsetChange): void {
  const { node } = change;
  const axis = intAttribute(node, 'axis');
  const spread = intAttribute(node, 'broadcast', 0) !== 0;
  node.attributes.delete('axis');
  node.attributes.delete('broadcast');
  if (spread && axis !== undefined) alignWith(change, axis);
}

/** Gives the second operand ones after its last axis, so that its first one meets this axis of the first operand. */
function alignWith({ node, shapeOf, add, constant, refuse }: OpsetChange, axis: number): void {
  const [data = '', operand = ''] = node.inputs;
  const rank = shapeOf(data)?.length;
  const own = shapeOf(operand)?.length;
  if (rank === undefined || own === undefined) return refuse('its second operand is now spread as its shape says, and the ranks are not known');
  const ones = rank - (axis < 0 ? axis + rank : axis) - own;
  if (own === 0 || ones <= 0 || shapeOf(operand)?.every((size) => size === 1) === true) return;
  // Zeros copy the operand's own dimensions.
  const shape = constant('shape', (name) => int64Tensor(name, [own + ones], [...new Array<number>(own).fill(0), ...new Array<number>(ones).fill(1)]));
  node.inputs[1] = add('before', 'aligned', { opType: 'Reshape', inputs: [operand, shape] }).outputs[0] ?? '';
}

function inferenceOnly({ node, refuse }: OpsetChange): void {
  if (intAttribute(node, 'is_test', 0) === 0) return refuse('here it trains (is_test = 0), which the newer one does not');
  node.attributes.delete('is_test');
}

/** `bilinear` became `linear`, and height and width the last two of all scales. */
function upsampleFactors({ node }: OpsetChange): void {
  const height = floatAttribute(node, 'height_scale', 1);
  const width = floatAttribute(node, 'width_scale', 1);
  node.attributes.delete('height_scale');
  node.attributes.delete('width_scale');
  node.attributes.set('scales', { type: 'floats', value: [1, 1, height, width] });
  if (stringAttribute(node, 'mode') === 'bilinear') node.attributes.set('mode', { type: 'string', value: 'linear' });
}
