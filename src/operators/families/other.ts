// What fits no other family: random numbers, strings, training steps.
import type { ValueType } from '../../graph/model';
import { elementTypeOf } from '../arithmetic';
import type { OperatorContext } from '../context';
import { row } from '../row';
import type { OperatorRow } from '../row';
import { broadcastShapes, perElement, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

const fixedShape = (context: OperatorContext): Types => [tensorOf(elementTypeOf(context.int('dtype', 1)), context.ints('shape'))];
const likeShape = (context: OperatorContext): Types => [tensorOf(elementTypeOf(context.int('dtype')) ?? context.elementType(0), context.shape(0))];
const random = { deterministic: false } as const;

/** One list of grams counted: its axis becomes as long as the largest index. */
function tfIdf(context: OperatorContext): Types {
  const indexes = context.ints('ngram_indexes');
  const shape = context.shape(0);
  const size = indexes === undefined ? undefined : Math.max(...indexes) + 1;
  return [tensorOf('float32', shape === undefined ? undefined : [...shape.slice(0, -1), size])];
}

/** [R, (tensors …)]: the tensors updated come out again. */
function optimizerTypes(groups: number): (context: OperatorContext) => Types {
  return (context) => {
    const tensors = Math.floor((context.inputCount - 2) / groups);
    return context.node.outputs.map((_, i) => context.type(2 + (i < tensors ? i : i + tensors)));
  };
}

export const otherRows: readonly OperatorRow[] = [
  row('RandomNormal', { inputs: '', outputs: 'output', infer: fixedShape, traits: random }),
  row('RandomUniform', { inputs: '', outputs: 'output', infer: fixedShape, traits: random }),
  row('RandomNormalLike', { inputs: 'input', outputs: 'output', infer: likeShape, traits: random }),
  row('RandomUniformLike', { inputs: 'input', outputs: 'output', infer: likeShape, traits: random }),
  row('Bernoulli', { inputs: 'input', outputs: 'output', infer: likeShape, traits: random }),
  row('Multinomial', { inputs: 'input', outputs: 'output', infer: (context) => [tensorOf(elementTypeOf(context.int('dtype', 6)), [context.shape(0)?.[0], context.int('sample_size', 1)])], traits: random }),
  row('StringConcat', { inputs: 'X Y', outputs: 'Z', infer: (context) => [tensorOf('string', broadcastShapes(context, [context.shape(0), context.shape(1)]))] }),
  row('StringSplit', {
    open: 'how many parts there are',
    inputs: 'X',
    outputs: 'Y Z',
    infer: (context) => [tensorOf('string', context.rank(0) === undefined ? undefined : [...(context.shape(0) ?? []), undefined]), tensorOf('int64', context.shape(0))],
  }),
  row('StringNormalizer', { open: 'how many are left', inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('string', context.node.attributes.has('stopwords') ? context.shape(0)?.with(-1, undefined) : context.shape(0))] }),
  row('RegexFullMatch', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('bool', context.shape(0))] }),
  row('TfIdfVectorizer', { inputs: 'X', outputs: 'Y', infer: tfIdf }),
  row('Gradient', { domain: 'ai.onnx.preview.training', inputs: 'Inputs*', outputs: 'Outputs*', infer: (context) => context.node.outputs.map((_, i) => context.type(i)) }),
  row('Adagrad', { domain: 'ai.onnx.preview.training', inputs: 'R T inputs*', outputs: 'outputs*', infer: optimizerTypes(3), cost: perElement(6, 2) }),
  row('Adam', { domain: 'ai.onnx.preview.training', inputs: 'R T inputs*', outputs: 'outputs*', infer: optimizerTypes(4), cost: perElement(12, 2) }),
  row('Momentum', { domain: 'ai.onnx.preview.training', inputs: 'R T inputs*', outputs: 'outputs*', infer: optimizerTypes(3), cost: perElement(5, 2) }),
];
