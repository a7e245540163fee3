// Every graph operator there is a rule for gives what TensorFlow.js gives, in both layouts where it takes images.
import { afterAll, describe, expect, it } from 'vitest';
import { handledElsewhere, lowerToOnnx } from '../../../../src/formats/tfjs/lower/lower';
import { tensorflowRules } from '../../../../src/formats/tfjs/lower/tensorflow/index';
import { elementCount, float32Tensor } from '../../../../src/tensor/tensor';
import { type AttributeInit, flags, floats, graphModel, int, ints, isImage, n, number, oneNode, type Operand, w, x } from './graphDef';
import { compareWithTensorflow, stopRunner } from './lowered';
import { seededRandom } from './random';
import { loadStored, onBackend, openStored, seededFeeds, type StoredModel } from './tensorflow';

afterAll(stopRunner);

type Attributes = Readonly<Record<string, AttributeInit>>;
type Row = readonly [op: string, inputs: readonly Operand[], attributes?: Attributes, more?: { readonly outputs?: number; readonly range?: readonly [number, number] }];

const image = x(2, 6, 7, 4);
const strides = (s: number): Attributes => ({ strides: [1, s, s, 1], dilations: [1, 1, 1, 1], data_format: 'NHWC' });
const same = (s = 1): Attributes => ({ ...strides(s), padding: 'SAME' });
const valid = (s = 1): Attributes => ({ ...strides(s), padding: 'VALID' });
const pooled = (k: number, s: number, padding: string): Attributes => ({ ...strides(s), ksize: [1, k, k, 1], padding });
const keep = { keep_dims: true };
const positive = { range: [0.1, 3] } as const;

const unaryFloat = 'Abs Ceil Cos Cosh Elu Erf Exp Expm1 Floor IsInf IsNan LeakyRelu Neg Reciprocal Relu Relu6 Round Selu Sigmoid Sign Sin Sinh Softplus Square Tan Tanh Asin Acos Atan Asinh Atanh Softmax LogSoftmax Identity StopGradient Snapshot ZerosLike OnesLike Shape Size Rank'.split(' ');
const rows: readonly Row[] = [
  ...unaryFloat.map((op): Row => [op, [image]]),
  ...['Log', 'Log1p', 'Sqrt', 'Rsqrt'].map((op): Row => [op, [image], {}, positive]),
  ['Acosh', [image], {}, { range: [1, 3] }],
  ...['Add', 'AddV2', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual', 'Atan2'].flatMap((op): Row[] => [
    [op, [image, x(2, 6, 7, 4)]],
    [op, [image, w(4)]],
    [op, [image, x(6, 7, 4)]],
    [op, [w(6, 1, 4), image]],
    [op, [image, x(4)]],
  ]),
  ...['Add', 'Sub', 'Mul', 'Maximum', 'FloorDiv', 'FloorMod', 'Mod', 'RealDiv', 'Div', 'Equal', 'Less'].map((op): Row => [op, [n(3, 4), ints([3, -5, 7, 2])]]),
  ['FloorDiv', [ints([7, -7, 7, -7]), ints([2, 2, -2, -2])]],
  ['FloorMod', [ints([7, -7, 7, -7]), ints([2, 2, -2, -2])]],
  ...['RealDiv', 'Div', 'DivNoNan', 'FloorMod', 'Mod', 'Pow'].map((op): Row => [op, [image, floats([0.7, 1.5, 2, 0.3])], {}, positive]),
  ['BiasAdd', [image, w(4)], { data_format: 'NHWC' }],
  ['AddN', [image, x(2, 6, 7, 4), x(2, 6, 7, 4)]],
  ['LogicalAnd', [flags(3, 4), flags(3, 4)]],
  ['LogicalOr', [flags(3, 4), flags(4)]],
  ['LogicalNot', [flags(3, 4)]],
  ['Select', [flags(3, 4), x(3, 4), x(3, 4)]],
  ['SelectV2', [flags(2, 6, 7, 4), image, x(4)]],
  ['Cast', [image], { DstT: 'DT_INT32' }, { range: [-5, 5] }],
  ['Cast', [image], { DstT: 'DT_BOOL' }],
  ['Cast', [n(3)], { DstT: 'DT_FLOAT' }],
  ['ClipByValue', [image, number(-0.3), number(0.4)]],
  ['Prelu', [image, w(1, 1, 4)]],
  ['Prelu', [x(3, 4), w(4)]],
  // Convolution, pooling, normalisation
  ...[same(), valid(), same(2), valid(2)].flatMap((attr): Row[] => [
    ['Conv2D', [image, w(3, 2, 4, 5)], attr],
    ['DepthwiseConv2dNative', [image, w(3, 3, 4, 2)], attr],
  ]),
  ['Conv2D', [image, w(3, 3, 4, 5)], { ...same(), dilations: [1, 2, 2, 1] }],
  ['Conv2D', [image, w(3, 3, 4, 5)], { ...strides(1), padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 2, 0, 1, 0, 0] }],
  ['Conv2D', [x(-1, -1, -1, 3), w(3, 3, 3, 2)], same(2)],
  ['Conv2DBackpropInput', [ints([2, 12, 13, 3]), w(3, 3, 3, 4), image], { ...strides(2), padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 0, 1, 1, 0, 0] }],
  ['Conv2DBackpropInput', [ints([2, 11, 13, 3]), w(3, 3, 3, 4), image], same(2)],
  ['Conv2DBackpropInput', [ints([2, 14, 16, 3]), w(3, 3, 3, 4), image], valid(2)],
  ['Conv2D', [x(-1, -1, -1, 3), w(3, 3, 3, 2)], { ...same(1), dilations: [1, 2, 2, 1] }],
  ['Conv1D', [x(2, 9, 3), w(3, 3, 5)], { stride: 2, padding: 'SAME', data_format: 'NWC', dilation: 1 }],
  ['Conv3D', [x(1, 4, 5, 6, 2), w(2, 3, 3, 2, 3)], { strides: [1, 1, 2, 2, 1], padding: 'SAME', data_format: 'NDHWC', dilations: [1, 1, 1, 1, 1] }],
  ...['Relu', 'Relu6', 'Elu', 'Sigmoid'].map((name): Row => ['_FusedConv2D', [image, w(3, 3, 4, 5), w(5)], { ...same(), fused_ops: ['BiasAdd', name], num_args: 1, epsilon: { float: 0 } }]),
  ['_FusedConv2D', [image, w(3, 3, 4, 5), w(5)], { ...same(), fused_ops: ['BiasAdd', 'LeakyRelu'], num_args: 1, leakyrelu_alpha: { float: 0.3 } }],
  ['_FusedConv2D', [image, w(3, 3, 4, 5), w(5), w(1, 1, 5)], { ...same(), fused_ops: ['BiasAdd', 'Prelu'], num_args: 2 }],
  ['_FusedConv2D', [image, w(3, 3, 4, 5), w(5)], { ...valid(), fused_ops: ['BiasAdd'], num_args: 1 }],
  ['FusedDepthwiseConv2dNative', [image, w(3, 3, 4, 1), w(4)], { ...same(2), fused_ops: ['BiasAdd', 'Relu6'], num_args: 1 }],
  ['Conv2DBackpropInput', [ints([2, 12, 14, 3]), w(3, 3, 3, 4), image], same(2)],
  ['Conv2DBackpropInput', [ints([2, 13, 15, 3]), w(3, 3, 3, 4), image], valid(2)],
  ...(['SAME', 'VALID'] as const).flatMap((padding): Row[] => [
    ['MaxPool', [image], pooled(3, 2, padding)],
    ['AvgPool', [image], pooled(2, 1, padding)],
    ['AvgPool', [image], pooled(3, 2, padding)],
  ]),
  ['MaxPool3D', [x(1, 4, 5, 6, 2)], { ksize: [1, 2, 2, 2, 1], strides: [1, 2, 2, 2, 1], padding: 'SAME', data_format: 'NDHWC' }],
  ['AvgPool3D', [x(1, 4, 5, 6, 2)], { ksize: [1, 2, 2, 2, 1], strides: [1, 1, 1, 1, 1], padding: 'VALID', data_format: 'NDHWC' }],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op): Row => [op, [image, w(4), w(4), w(4), floats([0.5, 1, 2, 0.1])], { epsilon: { float: 0.001 }, is_training: false, data_format: 'NHWC' }]),
  ['LRN', [image], { depth_radius: 2, bias: { float: 1 }, alpha: { float: 0.5 }, beta: { float: 0.75 } }],
  // Matrices
  ['MatMul', [x(3, 4), w(4, 5)], { transpose_a: false, transpose_b: false }],
  ['MatMul', [x(4, 3), w(5, 4)], { transpose_a: true, transpose_b: true }],
  ['BatchMatMul', [x(2, 3, 4), x(2, 4, 5)], {}],
  ['BatchMatMulV2', [x(2, 3, 4), x(2, 5, 4)], { adj_y: true }],
  ['_FusedMatMul', [x(3, 4), w(4, 5), w(5)], { fused_ops: ['BiasAdd', 'Relu'], num_args: 1 }],
  ['_FusedMatMul', [x(-1, 4), w(4, 5), w(5)], { fused_ops: ['BiasAdd'], num_args: 1 }],
  ['Transpose', [image, ints([0, 3, 1, 2])]],
  ['Einsum', [x(2, 3, 4), x(4, 5)], { equation: 'abc,cd->abd' }],
  // Reductions
  ...['Mean', 'Sum', 'Max', 'Min', 'Prod'].flatMap((op): Row[] => [
    [op, [image, ints([1, 2])]],
    [op, [image, ints([1, 2])], keep],
    [op, [image, ints([3])]],
    [op, [image, ints([-1])], keep],
    [op, [image, ints([2])]],
    [op, [image, ints([0, 1, 2, 3])]],
  ]),
  ['EuclideanNorm', [image, ints([3])]],
  ['Any', [flags(3, 4), ints([1])]],
  ['All', [flags(3, 4), ints([0])]],
  ['Sum', [n(3, 4), ints([1])]],
  ['ArgMax', [image, int(3)]],
  ['ArgMax', [image, int(1)]],
  ['ArgMin', [image, int(-1)]],
  ['Cumsum', [x(3, 4), int(1)], { exclusive: true, reverse: true }],
  // Shapes
  ['IdentityN', [image, x(3)], {}, { outputs: 2 }],
  ['EnsureShape', [image, ints([2, 6, 7, 4])]],
  ['Shape', [x(-1, -1, -1, 3)]],
  ['Reshape', [image, ints([2, -1])]],
  ['Reshape', [x(2, 1, 1, 8), ints([2, 8])]],
  ['Squeeze', [x(2, 1, 1, 4)], { squeeze_dims: [1, 2] }],
  ['Squeeze', [x(2, 1, 3, 4)], { squeeze_dims: [1] }],
  ['Squeeze', [x(2, 1, 3, 1)], {}],
  ['ExpandDims', [image, int(-1)]],
  ['ExpandDims', [x(3, 4), int(1)]],
  ['Fill', [ints([2, 3]), number(1.5)]],
  ['Fill', [ints([2, 3]), int(4)], { T: 'DT_INT32' }],
  ['Range', [int(2), int(11), int(3)], { Tidx: 'DT_INT32' }],
  ['Tile', [image, ints([1, 2, 1, 3])]],
  ['BroadcastTo', [x(3, 1), ints([2, 3, 4])]],
  ['OneHot', [ints([1, -1, 4]), int(4), number(2), number(-1)], { axis: -1, T: 'DT_FLOAT' }],
  ['OneHot', [ints([1, 0, 3]), int(4), number(2), number(-1)], { axis: -1, T: 'DT_FLOAT' }],
  // Movement
  ['ConcatV2', [image, x(2, 6, 7, 2), int(3)]],
  ['ConcatV2', [image, x(2, 6, 7, 4), int(-2)]],
  ['Concat', [int(1), x(3, 4), x(3, 2)]],
  ['Pack', [image, x(2, 6, 7, 4)], { axis: 1 }],
  ['Pack', [x(3), x(3)], { axis: -1 }],
  ['Unpack', [image], { axis: 0, num: 2 }, { outputs: 2 }],
  ['Unpack', [x(3, 2)], { axis: -1, num: 2 }, { outputs: 2 }],
  ['Split', [int(3), image], { num_split: 2 }, { outputs: 2 }],
  ['SplitV', [image, ints([1, 5]), int(1)], { num_split: 2 }, { outputs: 2 }],
  ['Slice', [image, ints([0, 1, 2, 0]), ints([2, 3, -1, 3])]],
  ['Slice', [x(5, 6), ints([1, 2]), ints([-1, 3])]],
  ['Pad', [image, ints([0, 0, 1, 2, 0, 3, 0, 0], [4, 2])]],
  ['PadV2', [image, ints([0, 0, 1, 2, 0, 3, 1, 1], [4, 2]), number(0.5)]],
  ['MirrorPad', [image, ints([0, 0, 1, 2, 0, 3, 0, 0], [4, 2])], { mode: 'reflect' }],
  ['MirrorPad', [image, ints([0, 0, 1, 2, 0, 3, 0, 0], [4, 2])], { mode: 'symmetric' }],
  ['MirrorPad', [image, ints([2, 1, 0, 0, 7, 0, 3, 4], [4, 2])], { mode: 'SYMMETRIC' }],
  ['Gather', [x(5, 3), ints([4, 0, 2])]],
  ['GatherV2', [image, ints([3, 0, 2]), int(3)], { batch_dims: 0 }],
  ['GatherV2', [x(5, 3), ints([1, 2, 0, 1], [2, 2]), int(1)]],
  ['GatherNd', [x(5, 3), ints([1, 2, 0, 1], [2, 2])]],
  ['ScatterNd', [ints([1, 3], [2, 1]), x(2, 4), ints([5, 4])]],
  ['TensorScatterUpdate', [x(5, 4), ints([1, 3], [2, 1]), x(2, 4)]],
  ['ReverseV2', [image, ints([1, -1])]],
  ['DepthToSpace', [x(2, 3, 4, 8)], { block_size: 2, data_format: 'NHWC' }],
  ['SpaceToBatchND', [image, ints([2, 2]), ints([0, 0, 0, 1], [2, 2])]],
  ['BatchToSpaceND', [x(8, 3, 4, 2), ints([2, 2]), ints([0, 1, 1, 0], [2, 2])]],
  ...(
    [
      [ints([1, 0]), ints([3, 4]), ints([1, 2]), {}],
      [ints([1, 0]), ints([3, 4]), ints([1, 1]), { begin_mask: 1, end_mask: 2 }],
      [ints([-1, -3]), ints([0, 0]), ints([-1, 1]), { end_mask: 3 }],
      [ints([2, 1]), ints([3, 4]), ints([1, 1]), { shrink_axis_mask: 1 }],
      [ints([-2, 1]), ints([-1, 4]), ints([1, 1]), { shrink_axis_mask: 1 }],
      [ints([0, 1]), ints([0, 3]), ints([1, 1]), { ellipsis_mask: 1 }],
      [ints([0, 1, 2]), ints([0, 3, 4]), ints([1, 1, 1]), { new_axis_mask: 1 }],
      [ints([4, 5]), ints([0, 1]), ints([-2, -1]), {}],
    ] as const
  ).map(([begin, end, step, masks]): Row => ['StridedSlice', [x(5, 6), begin, end, step], masks]),
  // Images
  ...[{}, { align_corners: true }, { half_pixel_centers: true }].flatMap((attr): Row[] => [
    ['ResizeBilinear', [image, ints([9, 5])], attr],
    ['ResizeNearestNeighbor', [image, ints([9, 5])], attr],
    ['ResizeBilinear', [image, ints([12, 14])], attr],
  ]),
  ['ResizeBilinear', [x(-1, -1, -1, 3), ints([9, 5])]],
  // Choosing
  ['TopKV2', [x(3, 9), int(4)], { sorted: true }, { outputs: 2 }],
  ['Where', [flags(5, 4)]],
];

/** What the table of rows cannot have: checked elsewhere, or only an alias of one that is there. */
const elsewhere = new Set(['Print', 'PreventGradient', 'PlaceholderWithDefault', 'FakeQuantWithMinMaxVars', 'CheckNumerics', 'NoOp', 'Zeros', 'Ones', 'DepthwiseConv2d', 'Conv2dTranspose', 'ShapeN', ...handledElsewhere]);

async function differencesOf(stored: StoredModel, range?: readonly [number, number]): Promise<Readonly<Record<string, number>>> {
  const source = openStored(stored);
  try {
    const compared = await onBackend('cpu', async () => compareWithTensorflow(source, await loadStored(stored), (model) => ranged(seededFeeds(model.graph, 5), range)));
    return compared.differences;
  } finally {
    source.dispose();
  }
}

/** Floats between the ends of a range. */
function ranged(feeds: ReturnType<typeof seededFeeds>, range: readonly [number, number] | undefined): ReturnType<typeof seededFeeds> {
  if (range === undefined) return feeds;
  const random = seededRandom(11);
  return feeds.map((tensor) => (tensor.elementType === 'float32' ? float32Tensor(tensor.name, tensor.dims, Float32Array.from({ length: elementCount(tensor.dims) }, () => range[0] + random() * (range[1] - range[0]))) : tensor));
}

const shapes = (inputs: readonly Operand[]): string => inputs.map(({ shape, kind }) => `${kind === 'fed' ? '' : 'constant '}[${shape.join(', ')}]`).join(' ');

const named = rows.flatMap(([op, inputs, attributes = {}, more = {}]) => [false, ...(inputs.some(isImage) ? [true] : [])].map((channelsFirst) => ({ title: `${op} of ${shapes(inputs)} ${JSON.stringify(attributes)}${channelsFirst ? ', channels first' : ''}`, op, inputs, attributes, more, channelsFirst })));

describe('a lowered operator', () => {
  it.each(named)('$title gives what TensorFlow.js gives', async ({ op, inputs, attributes, more, channelsFirst }) => {
    const differences = await differencesOf(oneNode(op, inputs, attributes, more.outputs ?? 1, channelsFirst), more.range);
    expect(Object.keys(differences)).toHaveLength(more.outputs ?? 1);
    for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(1e-5);
  });

  it('is in the table above for every rule there is', () => {
    const tested = new Set([...rows.map(([op]) => op), ...elsewhere, ...suppressions, ...listOperators]);
    expect([...tensorflowRules.keys()].filter((op) => !tested.has(op))).toEqual([]);
  });
});

const suppressions = ['NonMaxSuppressionV2', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'];
const boxes = floats([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 0.9, 1, 1.9], [5, 4]);

describe('lowered non-maximum suppression', () => {
  it.each(suppressions)('%s keeps the boxes that TensorFlow.js keeps', async (op) => {
    const outputs = op.endsWith('V4') || op.endsWith('V5') ? 2 : 1;
    const inputs = [boxes, x(5), int(4), number(0.5), number(-0.9), ...(op.endsWith('V5') ? [number(0)] : [])];
    const differences = await differencesOf(oneNode(op, inputs, op.endsWith('V4') ? { pad_to_max_output_size: true } : {}, outputs, false));
    expect(Object.values(differences)).toEqual(Array.from({ length: outputs }, () => 0));
  });

  it('is refused where scores are softened', () => {
    const source = openStored(oneNode('NonMaxSuppressionV5', [boxes, x(5), int(4), number(0.5), number(0), number(0.5)], {}, 1, false));
    expect(lowerToOnnx(source)).toEqual({ model: undefined, notLowered: [{ node: 'node', op: 'NonMaxSuppressionV5', reason: 'soft suppression (sigma above 0)' }] });
    source.dispose();
  });
});

const listOperators = ['EmptyTensorList', 'TensorListFromTensor', 'TensorListGetItem', 'TensorListLength', 'TensorListPushBack', 'TensorListReserve', 'TensorListSetItem', 'TensorListStack'];

describe('lowered lists', () => {
  it('hold what was put into them', async () => {
    const operands = { rows: x(3, 4), shape: ints([4]), three: int(3), two: int(2), zero: int(0), one: int(1), most: int(-1) };
    const float = { element_dtype: 'DT_FLOAT' };
    const stored = graphModel(operands, [
      { name: 'list', op: 'TensorListFromTensor', input: ['rows', 'shape'], attr: float },
      { name: 'row', op: 'TensorListGetItem', input: ['list', 'two', 'shape'], attr: float },
      { name: 'room', op: 'TensorListReserve', input: ['shape', 'two'], attr: float },
      { name: 'half', op: 'TensorListSetItem', input: ['room', 'one', 'row'], attr: float },
      { name: 'other', op: 'TensorListGetItem', input: ['list', 'zero', 'shape'], attr: float },
      { name: 'full', op: 'TensorListSetItem', input: ['half', 'zero', 'other'], attr: float },
      { name: 'stacked', op: 'TensorListStack', input: ['full', 'shape'], attr: { ...float, num_elements: 2 } },
      { name: 'count', op: 'TensorListLength', input: ['full'] },
    ], ['stacked', 'count']);
    expect(await differencesOf(stored)).toEqual({ stacked: 0, count: 0 });
  });

  it('grow by what is appended', async () => {
    const operands = { row: x(4), shape: ints([4]), most: int(-1) };
    const float = { element_dtype: 'DT_FLOAT' };
    const stored = graphModel(operands, [
      { name: 'empty', op: 'EmptyTensorList', input: ['shape', 'most'], attr: float },
      { name: 'one', op: 'TensorListPushBack', input: ['empty', 'row'], attr: float },
      { name: 'two', op: 'TensorListPushBack', input: ['one', 'row'], attr: float },
      { name: 'stacked', op: 'TensorListStack', input: ['two', 'shape'], attr: { ...float, num_elements: 2 } },
    ], ['stacked']);
    expect(await differencesOf(stored)).toEqual({ stacked: 0 });
  });
});

describe('what TensorFlow.js gives in another type', () => {
  it('is a float quotient rounded down on its wasm backend, an integer on the others', async () => {
    const stored = oneNode('FloorDiv', [x(2, 6, 7, 4), floats([0.7, 1.5, 2, 0.3])], {}, 1, false);
    const source = openStored(stored);
    expect((await compareWithTensorflow(source, await loadStored(stored))).differences).toEqual({ node: 0 });
    source.dispose();
  });

  it('is the shapes of several values, which are floats there', async () => {
    const shape = { name: 'node', op: 'ShapeN', input: ['a', 'b'] };
    const casts = ['node', 'node:1'].map((input, i) => ({ name: `int${i}`, op: 'Cast', input: [input], attr: { DstT: 'DT_INT32' } }));
    expect(await differencesOf(graphModel({ a: x(-1, 3), b: x(4) }, [shape, ...casts], ['int0', 'int1']))).toEqual({ int0: 0, int1: 0 });
  });
});
