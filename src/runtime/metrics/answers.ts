// Reading what a model answered: the output that is judged, its scores, and the label a metric needs.
import { LatheError } from '../../base/errors';
import type { MetricSpec, TaskMetricName } from '../../protocol/taskMetrics';
import { toFloat64Array } from '../../tensor/decode';
import { elementKind, isFloat } from '../../tensor/elementType';
import type { Tensor } from '../../tensor/tensor';
import type { Label } from '../data/samples';
import type { Answer, Outputs } from './metric';

/** The output that is judged: the one named, else the first that `fits`. @throws LatheError `usage` where there is none. */
export function judgedOutput(outputs: Outputs, { name, output }: MetricSpec, fits: (tensor: Tensor) => boolean, wanted: string): Tensor {
  if (output !== undefined) {
    const named = outputs.get(output);
    if (named !== undefined) return named;
    throw new LatheError('usage', `The model has no output ${output}.`, { item: output, hint: `Its outputs are ${[...outputs.keys()].join(', ')}.` });
  }
  for (const tensor of outputs.values()) if (fits(tensor)) return tensor;
  const shapes = [...outputs].map(([each, { elementType, dims }]) => `${each} ${elementType}[${dims.join(', ')}]`).join(', ');
  throw new LatheError('usage', `${name} judges ${wanted}, and no output is such (outputs: ${shapes}).`, { item: name, hint: 'Name the output that is meant with --metric-output.' });
}

/** @throws LatheError `usage`: the sample lacks what the metric compares with. */
export function missingLabel(metric: TaskMetricName, wanted: string, label: Label | undefined): LatheError {
  const has = label === undefined ? 'a sample has no label' : `a label is “${label.text ?? label.index?.toString() ?? 'something else'}”`;
  return new LatheError('usage', `${metric} needs ${wanted} for every sample, and ${has}.`, { item: metric, hint: 'Pictures take their class from folders; other data from labels beside them: see docs/data.md.' });
}

/** The class that is right. @throws LatheError `usage` where the sample has none. */
export function classOf(metric: TaskMetricName, label: Label | undefined): number {
  if (label?.index !== undefined) return label.index;
  throw missingLabel(metric, 'a class', label);
}

/** One score, or a class number where the output is of whole numbers, per sample. */
export type Scores = { readonly kind: 'scores'; readonly values: Float64Array } | { readonly kind: 'class'; readonly index: number };

/** The scores of all classes; an output of one whole number is the class itself. @throws LatheError `usage` for several answers at once. */
export function scoresOf({ outputs }: Answer, spec: MetricSpec): Scores {
  const tensor = judgedOutput(outputs, spec, ({ elementType }) => elementKind(elementType) !== 'string' && elementKind(elementType) !== 'complex', 'scores of classes');
  const answers = tensor.dims.slice(0, -1).reduce((product, dim) => product * dim, 1);
  // N×C×1×1, as some classifiers end.
  const classes = tensor.dims.length === 4 && tensor.dims[2] === 1 && tensor.dims[3] === 1 ? (tensor.dims[1] ?? 1) : (tensor.dims.at(-1) ?? 1);
  const values = toFloat64Array(tensor);
  if (answers > 1 && values.length !== classes) throw new LatheError('usage', `${spec.name} takes one answer per sample, and output ${tensor.name} of shape [${tensor.dims.join(', ')}] holds ${answers}.`, { item: tensor.name, hint: 'Feed one sample at a time, or name another output with --metric-output.' });
  if (!isFloat(tensor.elementType) && values.length === 1) return { kind: 'class', index: values[0] ?? noClass };
  return { kind: 'scores', values };
}

/** What a model says that gives NaN: no class, which is never right. */
export const noClass = -1;
/** From this probability on, a model with one score says class 1. */
const halfChance = 0.5;

/** The class with the highest score, the first of equals; of a single score, 1 from 0.5 on. */
export function chosenClass(scores: Scores): number {
  if (scores.kind === 'class') return scores.index;
  const { values } = scores;
  if (values.some(Number.isNaN)) return noClass;
  if (values.length === 1) return (values[0] ?? 0) >= halfChance ? 1 : 0;
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
