// The one interface every technique implements, and what it is given; recipes/ does the checking, measuring and publishing for all alike.
import type { z } from 'zod';
import type { WorkContext } from '../base/cancellation';
import type { Log } from '../base/log';
import type { Model } from '../graph/model';
import type { GainEstimate } from '../protocol/findings';
import type { StoredWeightReport } from '../protocol/report';
import type { Feeds, SampleSource } from '../runtime/data/samples';
import type { Tensor } from '../tensor/tensor';

export type { Feeds, SampleSource } from '../runtime/data/samples';

export interface TechniqueContext extends WorkContext {
  readonly log: Log;
  /** Runs a model in the runner and returns the named outputs; used to fold float operators and to calibrate. */
  readonly runModel: (model: Model, feeds: Feeds, outputs: readonly string[]) => Promise<Map<string, Tensor>>;
  /** Like `runModel` for many samples, loading once. */
  readonly runSamples: (model: Model, source: SampleSource, limit: number, outputs: readonly string[], use: (outputs: Map<string, Tensor>, index: number) => void) => Promise<void>;
  readonly data: SampleSource;
  readonly bindings: Readonly<Record<string, number>>;
  readonly seed: number;
}

export interface TechniqueResult {
  readonly model: Model;
  /** Short facts, e.g. `12 BatchNormalization folded`. */
  readonly notes: readonly string[];
  readonly kept: readonly { readonly layer: string; readonly reason: string }[];
  /** Weights stored in fewer bits, each with its error. */
  readonly weights?: readonly StoredWeightReport[];
  /** True when nothing was changed. */
  readonly unchanged: boolean;
  /** True when the result was calibrated on random numbers only. */
  readonly uncalibrated: boolean;
}

export interface Technique<Options = unknown> {
  /** E.g. `simplify`, `quantize-static`, `quantize-dynamic`, `float16`. */
  readonly id: string;
  readonly title: string;
  readonly options: z.ZodType<Options>;
  /** Undefined where it applies, else the reason it does not. */
  applies(model: Model): string | undefined;
  /** What it should gain on the whole model, before doing it. */
  estimate(model: Model, options: Options): GainEstimate;
  /** The options with everything found out that they leave open, so that a report can be replayed; absent where nothing is. */
  resolve?(model: Model, options: Options, context: TechniqueContext): Promise<Options>;
  /** Returns a new model; the given one is not changed. */
  apply(model: Model, options: Options, context: TechniqueContext): Promise<TechniqueResult>;
}
