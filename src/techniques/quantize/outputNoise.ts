// How far a quantized model's outputs are from the float one's on a few samples: what choices and the search go by.
import type { Model } from '../../graph/model';
import { compareOutputs } from '../../runtime/compare';
import type { Tensor } from '../../tensor/tensor';
import type { TechniqueContext } from '../technique';

/** Of outputs that are equal, or not numbers: as far as float32 can tell, or nothing in common. */
const mostDecibels = 200;

/** The data, and what runs it. */
type NoiseContext = Pick<TechniqueContext, 'runSamples' | 'data'>;

export class OutputNoise {
  private constructor(
    private readonly references: readonly ReadonlyMap<string, Tensor>[],
    private readonly outputs: readonly string[],
    private readonly samples: number,
    private readonly context: NoiseContext,
  ) {}

  /** Runs the float model once on so many samples at most. @throws LatheError what the runner throws; `cancelled`. */
  static async of(model: Model, samples: number, context: NoiseContext): Promise<OutputNoise> {
    const outputs = model.graph.outputs.map(({ name }) => name);
    const references: ReadonlyMap<string, Tensor>[] = [];
    await context.runSamples(model, context.data, samples, outputs, (results) => void references.push(results));
    return new OutputNoise(references, outputs, samples, context);
  }

  /** Signal to quantization noise in dB of the output that differs most, averaged over the samples. */
  async signalToNoise(variant: Model): Promise<number> {
    let sum = 0;
    await this.context.runSamples(variant, this.context.data, this.samples, this.outputs, (results, i) => {
      const compared = compareOutputs(this.references[i] ?? new Map<string, Tensor>(), results);
      sum += Math.min(mostDecibels, ...compared.map(({ bitEqual, sqnrDb }) => (bitEqual ? mostDecibels : (sqnrDb ?? -mostDecibels))));
    });
    return sum / Math.max(1, this.references.length);
  }
}
