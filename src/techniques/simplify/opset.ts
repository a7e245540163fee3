// Raising a model's opset where each operator's change is mechanical; refuses, naming the node, where it is not.
// Source: the ONNX changelog of operator versions, ai.onnx 7 to 13.
import { inferTypes, type TypeInference } from '../../analysis/infer';
import { LatheError } from '../../base/errors';
import { cloneModel } from '../../graph/construct';
import type { Graph, Model, Node } from '../../graph/model';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute, walkNodes } from '../../graph/traverse';
import { freeWeightsFromInputs } from '../../graph/weightInputs';
import { toFloat64Array } from '../../tensor/decode';
import { type ElementType, isFloat } from '../../tensor/elementType';
import { tensorFromNumbers } from '../../runtime/convert';
import { type Tensor, float32Tensor, int64Tensor } from '../../tensor/tensor';

const oldest = 7;
const newest = 13;

/** What a change is given: the node in its graph, a way to add a constant input, and what is known of ranks. */
interface Change {
  readonly node: Node;
  /** Adds an initializer to the node's graph and returns its name. */
  readonly constant: (suffix: string, make: (name: string) => Tensor) => string;
  readonly rankOf: (value: string) => number | undefined;
  readonly elementTypeOf: (value: string) => ElementType | undefined;
  /** Elements of a constant that nobody can override. */
  readonly constantNumbers: (value: string) => readonly number[] | undefined;
}

/** Applied to nodes of models below `below`. */
interface Row {
  readonly op: string;
  readonly below: number;
  readonly change: (change: Change) => void;
}

const rows: readonly Row[] = [
  { op: 'BatchNormalization', below: 9, change: dropSpatial },
  { op: 'Slice', below: 10, change: sliceInputs },
  { op: 'TopK', below: 10, change: ({ node, constant }) => moveInts(node, 'k', 1, constant) },
  { op: 'Upsample', below: 10, change: upsampleToResize },
  { op: 'Resize', below: 11, change: resizeInputs },
  { op: 'Clip', below: 11, change: clipInputs },
  { op: 'Pad', below: 11, change: padInputs },
  { op: 'Scatter', below: 11, change: ({ node }) => void (node.opType = 'ScatterElements') },
  { op: 'Scan', below: 9, change: ({ node }) => refuse(node, 'Scan changed its meaning in opset 9') },
  { op: 'Dropout', below: 12, change: ({ node }) => void node.attributes.delete('ratio') },
  { op: 'Softmax', below: 13, change: lastAxisOnly },
  { op: 'LogSoftmax', below: 13, change: lastAxisOnly },
  { op: 'Hardmax', below: 13, change: lastAxisOnly },
  { op: 'Squeeze', below: 13, change: ({ node, constant }) => moveInts(node, 'axes', 1, constant) },
  { op: 'Unsqueeze', below: 13, change: ({ node, constant }) => moveInts(node, 'axes', 1, constant) },
  { op: 'ReduceSum', below: 13, change: ({ node, constant }) => moveInts(node, 'axes', 1, constant) },
  { op: 'Split', below: 13, change: ({ node, constant }) => moveInts(node, 'split', 1, constant) },
];

/**
 * A copy of the model at the given opset of ai.onnx, or the model itself where it already is there.
 * @throws LatheError `unsupported` below opset 7, above 13, and for a node whose change is not mechanical.
 */
export function raiseOpset(model: Model, to: number): Model {
  const from = model.opsetImports.get('');
  if (from === undefined || from >= to) return model;
  if (from < oldest || to > newest) throw new LatheError('unsupported', `Opset ${from} cannot be raised to ${to}: the changes from ${oldest} to ${newest} are known.`, model.path === undefined ? {} : { file: model.path });
  const raised = cloneModel(model);
  const types = inferTypes(raised, { proven: true });
  for (const { node, graph } of [...walkNodes(raised.graph)]) {
    if (node.domain !== '') continue;
    // By the operator it was: Upsample becomes Resize at once and must not be raised as one again.
    const { opType } = node;
    for (const row of rows) if (row.op === opType && from < row.below && to >= row.below) row.change(changeOf(node, graph, types));
  }
  raised.opsetImports.set('', to);
  // Initializers need not be inputs from IR 4 on, and the constants added above are not.
  freeWeightsFromInputs(raised);
  raised.irVersion = Math.max(raised.irVersion, 7);
  return raised;
}

function changeOf(node: Node, graph: Graph, types: TypeInference): Change {
  return {
    node,
    constant: (suffix, make) => {
      const base = `${node.outputs[0] ?? node.name}_${suffix}`;
      let name = base;
      for (let n = 2; graph.initializers.has(name) || types.typeOf(graph, name) !== undefined; n++) name = `${base}_${n}`;
      graph.initializers.set(name, make(name));
      return name;
    },
    rankOf: (value) => {
      const type = types.typeOf(graph, value);
      return type?.kind === 'tensor' ? type.shape?.length : undefined;
    },
    elementTypeOf: (value) => {
      const type = types.typeOf(graph, value);
      return type?.kind === 'tensor' ? type.elementType : undefined;
    },
    constantNumbers: (value) => {
      const tensor = types.constantOf(graph, value);
      return tensor === undefined ? undefined : [...toFloat64Array(tensor)];
    },
  };
}

function refuse(node: Node, why: string): never {
  throw new LatheError('unsupported', `The opset cannot be raised: ${why}.`, { item: node.name || (node.outputs[0] ?? node.opType) });
}

/** An ints (or int) attribute becomes the input at `position`. */
function moveInts(node: Node, attribute: string, position: number, constant: Change['constant']): void {
  const single = node.attributes.get(attribute)?.type === 'int' ? intAttribute(node, attribute) : undefined;
  const values = single === undefined ? intsAttribute(node, attribute) : [single];
  node.attributes.delete(attribute);
  if (values === undefined) return;
  while (node.inputs.length < position) node.inputs.push('');
  node.inputs[position] = constant(attribute, (name) => int64Tensor(name, [values.length], values));
}

function dropSpatial({ node }: Change): void {
  if (intAttribute(node, 'spatial', 1) === 0) refuse(node, 'BatchNormalization per activation (spatial = 0) has no newer form');
  node.attributes.delete('spatial');
}

function sliceInputs({ node, constant }: Change): void {
  const starts = intsAttribute(node, 'starts') ?? [];
  node.attributes.set('axes', { type: 'ints', value: intsAttribute(node, 'axes') ?? starts.map((_, i) => i) });
  moveInts(node, 'starts', 1, constant);
  moveInts(node, 'ends', 2, constant);
  moveInts(node, 'axes', 3, constant);
}

function clipInputs(change: Change): void {
  moveFloat(change, 'min', 1);
  moveFloat(change, 'max', 2);
}

function padInputs(change: Change): void {
  moveInts(change.node, 'pads', 1, change.constant);
  if (floatAttribute(change.node, 'value', 0) === 0) change.node.attributes.delete('value');
  moveFloat(change, 'value', 2);
}

/** A float attribute becomes the scalar input at `position`, in the type of the first input. */
function moveFloat({ node, constant, elementTypeOf }: Change, attribute: string, position: number): void {
  if (!node.attributes.has(attribute)) return;
  const value = floatAttribute(node, attribute, 0);
  const type = elementTypeOf(node.inputs[0] ?? '');
  if (type === undefined || !isFloat(type)) refuse(node, `${attribute} of ${node.opType} becomes an input of the type of the data, which is ${type === undefined ? 'not known' : type}`);
  node.attributes.delete(attribute);
  while (node.inputs.length < position) node.inputs.push('');
  node.inputs[position] = constant(attribute, (name) => tensorFromNumbers(name, type, [], Float64Array.of(value)));
}

/**
 * Resize before 11 computes source coordinates as `x / scale`; onnxruntime takes the nearest below when growing and above
 * when shrinking. Upsample only grows.
 */
function resizeInputs(change: Change): void {
  const { node, constantNumbers } = change;
  const nearest = (stringAttribute(node, 'mode') ?? 'nearest') === 'nearest';
  const scales = constantNumbers(node.inputs[1] ?? '');
  const shrinks = scales?.some((scale) => scale < 1) === true;
  if (nearest && (scales === undefined || (shrinks && scales.some((scale) => scale > 1)))) refuse(node, 'Resize before opset 11 rounds by its scales, which are not constant, or shrink one axis and grow another');
  asymmetric(change, shrinks ? 'ceil' : 'floor');
}

function asymmetric({ node, constant }: Change, nearestMode: 'floor' | 'ceil'): void {
  const [data = '', scales = ''] = node.inputs;
  node.inputs = [data, constant('roi', (name) => float32Tensor(name, [0], [])), scales];
  node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'asymmetric' });
  node.attributes.set('nearest_mode', { type: 'string', value: nearestMode });
}

function upsampleToResize(change: Change): void {
  const { node, constant } = change;
  const scales = node.attributes.get('scales');
  if (scales?.type === 'floats') node.inputs[1] = constant('scales', (name) => float32Tensor(name, [scales.value.length], scales.value));
  node.attributes.delete('scales');
  node.opType = 'Resize';
  asymmetric(change, 'floor');
}

/** Before 13 the axis split the tensor in two; only on the last axis is that what 13 computes. */
function lastAxisOnly({ node, rankOf }: Change): void {
  const rank = rankOf(node.inputs[0] ?? '');
  const axis = intAttribute(node, 'axis', 1);
  if (axis !== -1 && (rank === undefined || axis !== rank - 1)) refuse(node, `${node.opType} over the axes from ${axis} on is not ${node.opType} of opset 13`);
  node.attributes.set('axis', { type: 'int', value: -1 });
}
