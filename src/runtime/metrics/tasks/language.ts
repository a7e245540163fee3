// Perplexity of language models: how well the scores at each position foretell the id that follows.
import { LatheError } from '../../../base/errors';
import type { MetricSpec } from '../../../protocol/taskMetrics';
import { toFloat64Array, toIntegers } from '../../../tensor/decode';
import { isFloat } from '../../../tensor/elementType';
import type { Tensor } from '../../../tensor/tensor';
import type { Feeds } from '../../data/samples';
import { judgedOutput } from '../answers';
import { meanOf, type Answer, type MetricRule, type Statistic } from '../metric';

interface Surprise {
  /** Sum of −ln of the chances given to the ids that followed. */
  readonly nats: number;
  readonly tokens: number;
}

/** exp(mean −ln p(next id)) over all positions that another follows, those that the mask hides left out (Jelinek et al. 1977). */
export function perplexity(spec: MetricSpec): MetricRule<Surprise> {
  return {
    name: spec.name,
    unit: 'none',
    higherIsBetter: false,
    note: (answer) => surpriseOf(spec, answer),
    statistic: (notes): Statistic => {
      const [nats, tokens] = [meanOf(notes.map((note) => note.nats)), meanOf(notes.map((note) => note.tokens))];
      return (weights) => Math.exp(nats(weights) / tokens(weights));
    },
  };
}

function surpriseOf(spec: MetricSpec, { outputs, feeds }: Answer): Surprise {
  const ids = idsOf(feeds);
  const length = ids.dims.at(-1) ?? 0;
  const logits = judgedOutput(outputs, spec, ({ elementType, dims }) => isFloat(elementType) && dims.length >= 2 && dims.at(-2) === length, 'scores of the next id at every position');
  const vocabulary = logits.dims.at(-1) ?? 0;
  const expected = toIntegers(ids);
  const values = toFloat64Array(logits);
  if (values.length !== expected.length * vocabulary) throw new LatheError('usage', `Output ${logits.name} of shape [${logits.dims.join(', ')}] does not score every position of ${ids.name} of shape [${ids.dims.join(', ')}].`, { item: logits.name });
  const mask = [...feeds].find(([name, tensor]) => /attention.?mask|^mask$/i.test(name) && tensor.dims.join() === ids.dims.join())?.[1];
  const shown = mask === undefined ? undefined : toFloat64Array(mask);
  let [nats, tokens] = [0, 0];
  for (let position = 0; position + 1 < expected.length; position++) {
    // The last position of a row foretells what lies beyond it.
    if ((position + 1) % length === 0 || shown?.[position] === 0 || shown?.[position + 1] === 0) continue;
    const next = expected[position + 1] ?? -1;
    if (next < 0 || next >= vocabulary) throw new LatheError('usage', `The id ${next} is none of the ${vocabulary} that output ${logits.name} scores.`, { item: logits.name });
    nats += negativeLogLikelihood(values.subarray(position * vocabulary, (position + 1) * vocabulary), next);
    tokens++;
  }
  return { nats, tokens };
}

function idsOf(feeds: Feeds): Tensor {
  const whole = [...feeds].filter(([, { elementType, dims }]) => (elementType === 'int64' || elementType === 'int32') && dims.length >= 1 && dims.length <= 2);
  const found = whole.find(([name]) => /ids?$|tokens?$/i.test(name) && !/type|segment|position/i.test(name)) ?? whole[0];
  if (found === undefined) throw new LatheError('usage', 'perplexity needs an input of token ids, and the model has none.', { item: 'perplexity' });
  return { ...found[1], name: found[0] };
}

/** −ln softmax(scores)[index], with the greatest score taken out first. */
function negativeLogLikelihood(scores: Float64Array, index: number): number {
  const greatest = scores.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = scores.reduce((sum, value) => sum + Math.exp(value - greatest), 0);
  return Math.log(total) + greatest - (scores[index] ?? NaN);
}
