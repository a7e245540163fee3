// Classical machine learning (ai.onnx.ml): linear models, support vectors, trees, and what turns records into features.
import { addDimensions, multiplyDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { ElementType } from '../../tensor/elementType';
import type { OperatorContext } from '../context';
import { deepestPaths } from '../treePaths';
import { counted, row } from '../row';
import type { OperatorRow } from '../row';
import { contraction, likeInput, perElement, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];
type Init = Omit<Parameters<typeof row>[1], 'domain'>;

const classical = (opType: string, init: Init): OperatorRow => row(opType, { domain: 'ai.onnx.ml', ...init });

/** Records of X: [N, features], or one record [features]. */
function records(context: OperatorContext): Dimension {
  const shape = context.shape(0);
  return shape?.length === 1 ? 1 : shape?.[0];
}

/** Labels are strings or integers, whichever list is given. */
function labels(context: OperatorContext, strings: string, ints: string): { readonly type: ElementType; readonly count: number } {
  const count = context.entries(strings);
  return count > 0 ? { type: 'string', count } : { type: 'int64', count: context.entries(ints) };
}

/** A label for each record, and a score for each record and class. */
function classified(context: OperatorContext, ints: string, classes: (count: number) => Dimension = (count) => count): Types {
  const { type, count } = labels(context, 'classlabels_strings', ints);
  return [tensorOf(type, [records(context)]), tensorOf('float32', [records(context), count === 0 ? undefined : classes(count)])];
}

/** One score each for the intercepts there are; of a single one and two labels, both. */
function linearClasses(context: OperatorContext): (count: number) => Dimension {
  const scores = context.entries('intercepts');
  return (count) => (scores === count || (scores === 1 && count === 2) ? count : undefined);
}

const linear = counted('MACs: records × coefficients', (context) => contraction(multiplyDimensions(records(context), context.entries('coefficients'))));
const supportVectors = counted('MACs: records × (elements of the support vectors + coefficients)', (context) => contraction(multiplyDimensions(records(context), context.entries('support_vectors') + context.entries('coefficients'))));
const trees = counted('1 per record and node on the way to the deepest leaf of each tree', (context) => ({ macs: 0, flops: multiplyDimensions(records(context), deepestPaths(context)) }));

/** A one-dimensional tensor gains a leading axis of 1. */
function extracted(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  const count = context.rank(1) === 0 ? 1 : context.shape(1)?.at(-1);
  return shape === undefined ? undefined : shape.length === 1 ? [1, count] : [...shape.slice(0, -1), count];
}

/** The result's type is that of whichever values the node maps to. */
function labelTypes(context: OperatorContext): Types {
  const shape = context.shape(0);
  const values = context.tensorAttribute('values_tensor');
  if (values !== undefined) return [tensorOf(values.elementType, shape)];
  const { attributes } = context.node;
  const type = attributes.has('values_int64s') ? 'int64' : attributes.has('values_floats') ? 'float32' : attributes.has('values_strings') ? 'string' : undefined;
  return [tensorOf(type ?? (context.elementType(0) === 'string' ? 'int64' : 'string'), shape)];
}

/** How long the list is that is given of two; undefined where neither is. */
function firstList(context: OperatorContext, first: string, second: string): Dimension {
  const length = Math.max(context.entries(first), context.entries(second));
  return length === 0 ? undefined : length;
}

/** A map's values in the order of the vocabulary: [1, words]. */
function vectorized(context: OperatorContext): Types {
  const type = context.type(0);
  const value = type?.kind === 'map' && type.value.kind === 'tensor' ? type.value.elementType : undefined;
  return [tensorOf(value, [1, firstList(context, 'string_vocabulary', 'int64_vocabulary')])];
}

const castTypes = new Map<string, ElementType>([['TO_FLOAT', 'float32'], ['TO_STRING', 'string'], ['TO_INT64', 'int64']]);

/** A map as one row: as long as the map, or `max_map` where keys are columns. */
function castMap(context: OperatorContext): Types {
  return [tensorOf(castTypes.get(context.text('cast_to', 'TO_FLOAT')), [1, context.text('map_form', 'DENSE') === 'SPARSE' ? context.int('max_map') : undefined])];
}

function oneHotShape(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  return shape === undefined ? undefined : [...shape, firstList(context, 'cats_int64s', 'cats_strings')];
}

/** Features of all inputs beside each other. */
function joinedFeatures(context: OperatorContext): Types {
  const lengths = context.ints('inputdimensions');
  return [tensorOf('float32', [records(context), lengths?.reduce<Dimension>((sum, length) => addDimensions(sum, length), 0)])];
}

const label = (type: ElementType): ValueType => ({ kind: 'map', key: type, value: { kind: 'tensor', elementType: 'float32', shape: [] } });

export const classicalRows: readonly OperatorRow[] = [
  classical('ArrayFeatureExtractor', { inputs: 'X Y', outputs: 'Z', infer: (context) => [tensorOf(context.elementType(0), extracted(context))] }),
  classical('Binarizer', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(1) }),
  classical('CastMap', { open: 'how many entries the map has', inputs: 'X', outputs: 'Y', infer: castMap }),
  classical('CategoryMapper', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0) === 'string' ? 'int64' : 'string', context.shape(0))] }),
  classical('DictVectorizer', { inputs: 'X', outputs: 'Y', infer: vectorized }),
  classical('FeatureVectorizer', { inputs: 'X*', outputs: 'Y', infer: joinedFeatures }),
  classical('Imputer', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(1) }),
  classical('LabelEncoder', { inputs: 'X', outputs: 'Y', infer: labelTypes }),
  classical('LinearClassifier', { inputs: 'X', outputs: 'Y Z', infer: (context) => classified(context, 'classlabels_ints', linearClasses(context)), cost: linear }),
  classical('LinearRegressor', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', [records(context), context.int('targets', 1)])], cost: linear }),
  classical('Normalizer', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', context.shape(0))], cost: perElement(3) }),
  classical('OneHotEncoder', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', oneHotShape(context))] }),
  classical('SVMClassifier', { open: 'scores of pairs or of classes', inputs: 'X', outputs: 'Y Z', infer: (context) => classified(context, 'classlabels_ints', () => undefined), cost: supportVectors }),
  classical('SVMRegressor', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', [records(context), 1])], cost: supportVectors }),
  classical('Scaler', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', context.shape(0))], cost: perElement(2) }),
  classical('TreeEnsemble', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), [context.shape(0)?.[0], context.int('n_targets')])], cost: trees }),
  classical('TreeEnsembleClassifier', { inputs: 'X', outputs: 'Y Z', infer: (context) => classified(context, 'classlabels_int64s'), cost: trees }),
  classical('TreeEnsembleRegressor', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('float32', [records(context), context.int('n_targets')])], cost: trees }),
  classical('ZipMap', { inputs: 'X', outputs: 'Z', infer: (context) => [{ kind: 'sequence', of: label(labels(context, 'classlabels_strings', 'classlabels_int64s').type) }] }),
];
