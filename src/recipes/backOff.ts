// When int8 falls below the floor: cheap recovery first, then the most sensitive layers back to float, as few as the floor allows.
import type { Model } from '../graph/model';
import type { Comparison } from '../protocol/measurement';
import type { LayerSensitivity } from '../protocol/report';
import { calibrationOf, int8Layers, type ResolvedStaticOptions } from '../techniques/quantize/static';
import type { TechniqueContext } from '../techniques/technique';
import type { Built } from './build';

/** A variant that was tried on the way. */
export interface Attempt {
  readonly built: Built;
  readonly comparison: Comparison;
  readonly holds: boolean;
}

export interface BackOffRequest {
  readonly title: string;
  /** What static int8 was applied to. */
  readonly float: Model;
  /** The variant below the floor, and how it was made. */
  readonly built: Built;
  readonly options: ResolvedStaticOptions;
  /** Undefined where the options do not apply. */
  readonly build: (options: ResolvedStaticOptions) => Promise<Built | undefined>;
  /** Compares with the source on all samples. */
  readonly judge: (built: Built) => Promise<Attempt>;
  /** SQNR of a variant's outputs on a few calibration samples, dB. */
  readonly noise: (variant: Model) => Promise<number>;
  /** Layers of the float model, the most sensitive first. */
  readonly sensitivity: () => Promise<readonly LayerSensitivity[]>;
  readonly context: TechniqueContext;
}

interface Remedy {
  readonly title: string;
  /** The changed options, or undefined where the variant already has them. */
  readonly change: (options: ResolvedStaticOptions) => ResolvedStaticOptions | undefined;
}

/** What costs no speed, one upon the best of those before. */
const remedies: readonly Remedy[] = [
  { title: 'ranges by percentile', change: calibratedBy('percentile') },
  { title: 'ranges by mean square error', change: calibratedBy('mse') },
  { title: 'ranges by entropy', change: calibratedBy('entropy') },
  { title: 'ranges from least to most', change: calibratedBy('minmax') },
  { title: 'mean errors taken out of the biases', change: (options) => (options.correctBias ? undefined : { ...options, correctBias: true }) },
];

function calibratedBy(calibration: NonNullable<ResolvedStaticOptions['calibration']>): Remedy['change'] {
  return (options) => (calibrationOf(options).calibration === calibration ? undefined : { ...options, calibration, percentile: 100 });
}

/** @returns the first attempt that holds, with the fewest layers given up; undefined when none does */
export async function backOff(request: BackOffRequest): Promise<Attempt | undefined> {
  const { title, context, build, judge, noise, float } = request;
  const original = { options: request.options, built: request.built, decibels: await noise(request.built.model) };
  let best = original;
  for (const remedy of remedies) {
    const options = remedy.change(best.options);
    if (options === undefined) continue;
    context.progress({ message: `${title}: ${remedy.title}` });
    const built = await build(options);
    const decibels = built === undefined ? Number.NEGATIVE_INFINITY : await noise(built.model);
    if (built !== undefined && decibels > best.decibels) best = { options, built, decibels };
  }
  const recovered = best === original ? undefined : await judge(best.built);
  if (recovered?.holds === true) return recovered;
  const { options } = best;
  const taken = new Set(await int8Layers(float, options, context));
  const ranked = (await request.sensitivity()).map(({ layer }) => layer).filter((layer) => taken.has(layer));
  const without = async (count: number): Promise<Attempt | undefined> => {
    context.progress({ message: `${title}: giving up the ${count} most sensitive of ${ranked.length} layers` });
    const built = await build({ ...options, keepFloat: [...options.keepFloat, ...ranked.slice(0, count)] });
    return built === undefined ? undefined : judge(built);
  };
  let failing = 0;
  for (const count of giveUpSchedule(ranked.length)) {
    const reduced = await without(count);
    if (reduced?.holds === true) return fewest(reduced, failing, count, without);
    failing = count;
  }
  return undefined;
}

/** Between a count that fails and one that holds: halves until they are neighbours. */
async function fewest(held: Attempt, failing: number, holding: number, without: (count: number) => Promise<Attempt | undefined>): Promise<Attempt> {
  let best = held;
  for (let low = failing, high = holding; high - low > 1; ) {
    const middle = (low + high) >> 1;
    const tried = await without(middle);
    if (tried?.holds === true) [best, high] = [tried, middle];
    else low = middle;
  }
  return best;
}

/** How many layers are given up at each attempt; beyond a quarter of them int8 is not the way to this floor. */
export function* giveUpSchedule(layers: number): Generator<number> {
  const most = Math.max(2, Math.ceil(layers / 4));
  for (let count = 1; count < Math.min(layers, most); count *= 2) yield count;
  if (layers > 0) yield Math.min(layers, most);
}
