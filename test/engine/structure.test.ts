// Whatever is wrong with the structure of a model, everything that looks at it answers: with a result or with a typed error, and in good time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bertTiny, buildBert } from '../../samples/architectures/bert';
import { buildFlawed } from '../../samples/architectures/flawed';
import { findFindings } from '../../src/advice/findings';
import { analyzeModel } from '../../src/analysis/analyze';
import { buildSnapshot } from '../../src/analysis/snapshot';
import { detachedContext } from '../../src/base/cancellation';
import { LatheError } from '../../src/base/errors';
import { silentLog } from '../../src/base/log';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { printModel } from '../../src/formats/text/print';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { cloneModel } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { verifyModel } from '../../src/graph/verify';
import { openSamples } from '../../src/runtime/data/datasets';
import { simplify, simplifyOptions } from '../../src/techniques/simplify/simplify';
import { ocrModel, packageFile } from '../runtime/support';
import { structuralChanges, type Pick } from '../support/structuralChanges';

/** Weights that are computed when they are read are computed once here. */
const held = (model: Model): Model => readOnnxBytes(encodeOnnxModel(model));

const sources = [held(buildFlawed()), held(buildBert({ ...bertTiny, vocabulary: 50, positions: 16, width: 16, hidden: 32 })), readOnnxModel(ocrModel('cls')), readOnnxModel(packageFile('@ricky0123/vad-web/dist', 'silero_vad_v5.onnx'))];
const runsEach = 8;
/** A watchdog, not a measure: the slowest of these takes well under a second on an idle machine. */
const longestMs = 10_000;

/** Everything that is done with a model without running it, one after another; each may refuse it. */
const looks: Readonly<Record<string, (model: Model) => unknown>> = {
  verify: (model) => verifyModel(model),
  analyze: (model) => analyzeModel(model, { bindings: { batch: 1, seq: 3 } }),
  findings: async (model) => {
    const analysis = analyzeModel(model, {});
    return buildSnapshot(model, analysis, await findFindings(model, analysis, { deep: true }));
  },
  text: (model) => printModel(model),
  write: (model) => readOnnxBytes(encodeOnnxModel(model)),
  simplify: async (model) => {
    const context = {
      ...detachedContext(),
      log: silentLog,
      data: await openSamples(undefined, model, { seed: 1, limit: 1 }),
      bindings: {},
      seed: 1,
      runModel: () => Promise.reject(new LatheError('runtime', 'There is no runtime here.')),
      runSamples: () => Promise.reject(new LatheError('runtime', 'There is no runtime here.')),
    };
    return await simplify.apply(model, simplifyOptions.parse({}), context);
  },
};

describe('a model with', () => {
  it.each(structuralChanges)('$title is answered or refused', async ({ apply }) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sources.length - 1), fc.array(fc.nat(100_000), { minLength: 8, maxLength: 8 }), async (which, numbers) => {
        const [source] = sources.slice(which);
        if (source === undefined) return;
        let next = 0;
        const pick: Pick = (count) => (count === 0 ? 0 : (numbers[next++ % numbers.length] ?? 0) % count);
        for (const [name, look] of Object.entries(looks)) {
          const damaged = cloneModel(source);
          next = 0;
          apply(damaged, pick);
          const start = performance.now();
          try {
            await look(damaged);
          } catch (thrown) {
            if (!(thrown instanceof LatheError)) throw new Error(`${name}: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`, { cause: thrown });
          }
          expect(performance.now() - start, name).toBeLessThan(longestMs);
        }
      }),
      { numRuns: runsEach },
    );
  });
});
