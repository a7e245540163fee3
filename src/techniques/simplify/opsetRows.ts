// What each version of ai.onnx changed of which operator, as far as nodes must be rewritten for it.
// Source: the ONNX changelog of operator versions, 1 to 26. Versions that only take more types, or that add attributes, inputs or
// outputs that may be absent and then mean what was meant before, need no row.
import { intAttribute, stringAttribute } from '../../graph/traverse';
import { toFloat64Array } from '../../tensor/decode';
import { int64Tensor } from '../../tensor/tensor';
import { tensorFromNumbers } from '../../runtime/convert';
import { asymmetric, clipInputs, dropOutputs, dropSpatial, flattenSoftmax, moveInts, padInputs, resizeCoordinates, resizeInputs, sliceInputs, upsampleScales } from './opsetChanges';
import type { OpsetChange, OpsetRow } from './opset';
import { oldOpsetRows } from './oldOpsets';

const becomes =
  (opType: string) =>
  ({ node }: OpsetChange): void => {
    node.opType = opType;
  };

const input =
  (attribute: string, position: number) =>
  (change: OpsetChange): void =>
    moveInts(change, attribute, position);

const refused =
  (why: string) =>
  ({ refuse }: OpsetChange): never =>
    refuse(why);

const reductions = ['ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSumSquare'];

export const opsetRows: readonly OpsetRow[] = [
  ...oldOpsetRows,
  { op: 'BatchNormalization', version: 9, change: dropSpatial },
  { op: 'Scan', version: 9, change: refused('its sequences lost their lengths and their batch axis') },
  { op: 'Upsample', version: 9, change: upsampleScales },
  { op: 'Slice', version: 10, change: sliceInputs },
  { op: 'TopK', version: 10, change: input('k', 1) },
  { op: 'Upsample', version: 10, change: becomes('Resize') },
  { op: 'Dropout', version: 10, change: (change) => dropOutputs(change, 1, 'its mask became one of bool') },
  { op: 'Upsample', version: 11, change: (change) => asymmetric(change, 'floor') },
  { op: 'Resize', version: 11, change: resizeInputs },
  { op: 'Clip', version: 11, change: clipInputs },
  { op: 'Pad', version: 11, change: padInputs },
  { op: 'Scatter', version: 11, change: becomes('ScatterElements') },
  { op: 'Dropout', version: 12, change: (change) => dropOutputs(change, 1, 'its mask became all true where it does not train') },
  { op: 'Dropout', version: 12, change: ({ node }) => void node.attributes.delete('ratio') },
  { op: 'Resize', version: 13, change: resizeCoordinates },
  { op: 'Softmax', version: 13, change: flattenSoftmax },
  { op: 'LogSoftmax', version: 13, change: flattenSoftmax },
  { op: 'Hardmax', version: 13, change: flattenSoftmax },
  { op: 'Squeeze', version: 13, change: input('axes', 1) },
  { op: 'Unsqueeze', version: 13, change: input('axes', 1) },
  { op: 'ReduceSum', version: 13, change: input('axes', 1) },
  { op: 'Split', version: 13, change: input('split', 1) },
  { op: 'BatchNormalization', version: 14, change: (change) => dropOutputs(change, 1, 'its training outputs became others') },
  { op: 'RoiAlign', version: 16, change: ({ node }) => void node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'output_half_pixel' }) },
  ...reductions.map((op): OpsetRow => ({ op, version: 18, change: input('axes', 1) })),
  { op: 'Split', version: 18, change: splitEqually },
  { op: 'DFT', version: 20, change: transformAxis },
  { op: 'GridSample', version: 20, change: gridModes },
  { op: 'GroupNormalization', version: 21, change: scalePerChannel },
];

/** Equal parts, one per output, are asked for by their number. */
function splitEqually({ node }: OpsetChange): void {
  if ((node.inputs[1] ?? '') === '') node.attributes.set('num_outputs', { type: 'int', value: node.outputs.length });
}

function transformAxis({ node, constant }: OpsetChange): void {
  const axis = intAttribute(node, 'axis', 1);
  node.attributes.delete('axis');
  while (node.inputs.length < 2) node.inputs.push('');
  node.inputs[2] = constant('axis', (name) => int64Tensor(name, [], [axis]));
}

const interpolations = new Map([
  ['bilinear', 'linear'],
  ['bicubic', 'cubic'],
]);

function gridModes({ node }: OpsetChange): void {
  const mode = interpolations.get(stringAttribute(node, 'mode') ?? 'bilinear');
  if (mode !== undefined) node.attributes.set('mode', { type: 'string', value: mode });
}

/** One scale and one bias per group become one per channel. */
function scalePerChannel({ node, shapeOf, tensorOf, constant, refuse }: OpsetChange): void {
  const channels = shapeOf(node.inputs[0] ?? '')?.[1];
  const groups = intAttribute(node, 'num_groups', 0);
  for (const [position, what] of [[1, 'scale'], [2, 'bias']] as const) {
    const tensor = tensorOf(node.inputs[position] ?? '');
    if (typeof channels !== 'number' || tensor === undefined || tensor.dims[0] !== groups || channels % groups !== 0) return refuse('its scale and bias, now one per channel, or its channels are not constant');
    const perGroup = toFloat64Array(tensor);
    const values = Float64Array.from({ length: channels }, (_, c) => perGroup[Math.floor((c * groups) / channels)] ?? 0);
    node.inputs[position] = constant(what, (name) => tensorFromNumbers(name, tensor.elementType, [channels], values));
  }
}
