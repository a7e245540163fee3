// Operators whose result depends on their inputs alone: equal nodes are the same, and of constants they make a constant.

/** One result for each element, operands spread over one another. */
export const elementwise: ReadonlySet<string> = new Set(
  'Add AddV2 Sub Mul RealDiv Div FloorDiv Maximum Minimum Pow SquaredDifference Abs Neg Exp Log Sqrt Rsqrt Square Sign Round Floor Ceil Reciprocal Relu Relu6 Sigmoid Tanh BiasAdd Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalNot Select SelectV2 Cast'.split(' '),
);
/** As many elements as the first input. */
export const rearranging: ReadonlySet<string> = new Set('Reshape Transpose ExpandDims Squeeze Identity'.split(' '));
/** As many elements as all inputs together. */
export const joining: ReadonlySet<string> = new Set('ConcatV2 Pack'.split(' '));

export const pureOperators: ReadonlySet<string> = new Set([
  ...elementwise,
  ...rearranging,
  ...joining,
  ...'Shape Rank Size Fill Range StridedSlice Slice GatherV2 GatherNd Tile Pad PadV2 MirrorPad Mean Sum Max Min Prod ArgMax ArgMin Softmax LogSoftmax MaxPool AvgPool Conv2D DepthwiseConv2dNative _FusedConv2D FusedDepthwiseConv2dNative MatMul _FusedMatMul FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 ResizeBilinear ResizeNearestNeighbor Elu Selu LeakyRelu Prelu Softplus Unpack Split SplitV OneHot ClipByValue AddN'.split(' '),
]);
