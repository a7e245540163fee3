// Native operators that have no rule, and why: what a person reads beside the node's name.

const texts = 'ONNX has no operator that does this to texts';
const sparse = 'ONNX has no sparse tensors that a runtime computes with';
const state = 'it keeps state between runs';
const random = 'its result is random';
const code = 'it holds code of its own, which is never run';
const counted = 'ONNX has no operator that counts values';

const rows: readonly (readonly [reason: string, ops: string])[] = [
  [texts, 'StringToHashBucketFast StringSplit StringSplitV2 StringNGrams StaticRegexReplace StringJoin StringLower DecodeBase64 EncodeBase64'],
  [sparse, 'SparseReshape SparseFillEmptyRows SparseSegmentMean SparseSegmentSum SparseToDense RaggedGather RaggedRange RaggedTensorToTensor'],
  [state, 'HashTable HashTableV2 LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2 LookupTableSize LookupTableSizeV2 InitializeTable InitializeTableV2 TensorArrayV3 TensorArrayReadV3 TensorArrayWriteV3 VarHandleOp ReadVariableOp AssignVariableOp'],
  [random, 'RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal Multinomial'],
  [counted, 'Bincount DenseBincount'],
  ['ONNX has no operator that finds what differs', 'ListDiff'],
  ['outside of loops, which branch runs depends on the input', 'Switch Merge'],
  [code, 'Lambda TFOpLambda SlicingOpLambda ClassMethod InstanceMethod InstanceProperty TensorFlowOpLayer'],
  ['the mask it makes changes later layers', 'Masking'],
];

/** Reasons by operator or class. */
export const withoutCounterpart: ReadonlyMap<string, string> = new Map(rows.flatMap(([reason, ops]) => ops.split(' ').map((op) => [op, reason] as const)));
