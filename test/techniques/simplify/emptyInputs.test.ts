// Random shape arithmetic on inputs that may be empty: what is proven of dimensions is true, and simplifying changes no output.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { inferTypes } from '../../../src/analysis/infer';
import { GraphBuilder, type ModuleBuilder } from '../../../src/graph/builder';
import { tensorValue } from '../../../src/graph/construct';
import { evaluateDimension, formatShape } from '../../../src/graph/dimension';
import type { Model } from '../../../src/graph/model';
import { seededFeeds } from '../../../src/runtime/data/sources/seededSamples';
import { compareOutputs } from '../../../src/runtime/compare';
import type { Tensor } from '../../../src/tensor/tensor';
import { simplifyOnly, sharedRunner, stopRunner } from './support';

afterAll(stopRunner);

/** Values made so far; every step adds one. */
class Walk {
  readonly values: string[] = [];
  readonly at: ModuleBuilder;
  private constants = 0;

  constructor(readonly builder: GraphBuilder) {
    this.at = builder.module('');
    this.values.push(builder.input('x', 'float32', ['N', 'M']), builder.input('z', 'float32', ['M', 3]));
  }

  list(...numbers: readonly number[]): string {
    return this.at.int64(`c${this.constants++}`, numbers);
  }

  size(of: string, axis: number): string {
    return this.at.node('Gather', [this.at.node('Shape', [of]), this.list(axis)]);
  }

  reshape(value: string, ...sizes: readonly string[]): string {
    return this.at.node('Reshape', [value, this.at.node('Concat', [...sizes], { axis: 0 })]);
  }
}

type Step = (walk: Walk, value: string, other: string, n: number) => string;

const steps: readonly Step[] = [
  (walk, value, other) => walk.reshape(value, walk.size(other, 0), walk.list(-1)),
  (walk, value, other, n) => walk.reshape(value, walk.size(value, 0), walk.at.node('Sub', [walk.size(other, -1), walk.list(n)])),
  (walk, value, other) => walk.reshape(value, walk.size(value, 0), walk.list(1), walk.size(other, -1)),
  (walk, value) => walk.reshape(value, walk.at.node('Mul', [walk.size(value, 0), walk.size(value, -1)])),
  (walk, value, other, n) => walk.reshape(value, walk.at.node('Div', [walk.size(value, 0), walk.list(n + 1)]), walk.at.node('Mul', [walk.size(other, -1), walk.list(n + 1)])),
  (walk, value, other) => walk.at.node('Expand', [value, walk.at.node('Shape', [other])]),
  (walk, value, other) => walk.at.node('Add', [value, other]),
  (walk, value, _, n) => walk.at.node('Concat', [value, value], { axis: n === 0 ? 0 : -1 }),
  (walk, value, other, n) => walk.at.node('Slice', [value, walk.list(n - 1), walk.size(other, 0), walk.list(0)]),
  (walk, value) => walk.at.node('Unsqueeze', [value, walk.list(1)]),
  (walk, value, _, n) => walk.at.node('Flatten', [value], { axis: n }),
  (walk, value) => walk.at.node('Transpose', [value]),
  (walk, value, other) => walk.at.node('ConstantOfShape', [walk.at.node('Concat', [walk.at.node('Max', [walk.size(value, 0), walk.size(other, -1)]), walk.size(value, -1)], { axis: 0 })]),
  (walk, value, other, n) => walk.at.node('Cast', [walk.at.node('Where', [walk.at.node('Greater', [walk.size(value, 0), walk.list(n)]), walk.size(other, -1), walk.list(n)])], { to: 1 }),
];

const path = fc.array(fc.record({ step: fc.constantFrom(...steps), value: fc.nat(20), other: fc.nat(20), n: fc.nat(2) }), { minLength: 2, maxLength: 7 });

/** All values of the walk are outputs, behind a node that nothing folds away. */
function modelOf(walked: readonly { readonly step: Step; readonly value: number; readonly other: number; readonly n: number }[]): { model: Model; values: readonly string[] } {
  const walk = new Walk(new GraphBuilder('walk', { opset: 13 }));
  for (const { step, value, other, n } of walked) walk.values.push(step(walk, walk.values[value % walk.values.length] ?? '', walk.values[other % walk.values.length] ?? '', n));
  const outputs = walk.values.map((value) => walk.at.node('Neg', [value]));
  const model = walk.builder.build();
  model.graph.outputs = outputs.map((name) => tensorValue(name, 'float32'));
  return { model, values: walk.values };
}

const sizes = [0, 1, 2, 3].flatMap((N) => [0, 1, 3].map((M) => ({ N, M })));

describe('simplify on inputs that may be empty', () => {
  it('changes no output of random shape arithmetic, and proves no dimension that is another', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(path, async (walked) => {
        const { model, values } = modelOf(walked);
        const runner = await sharedRunner();
        const source = await runner.load(model, { optimization: 'disabled' }).catch(() => undefined);
        if (source === undefined) return;
        const ran: { readonly bindings: Readonly<Record<string, number>>; readonly outputs: ReadonlyMap<string, Tensor> }[] = [];
        for (const bindings of sizes) {
          const before = await source.run(seededFeeds(model, bindings)).catch(() => undefined);
          if (before !== undefined) ran.push({ bindings, outputs: before.outputs });
        }
        await source.release();
        if (ran.length === 0) return; // never right, so there is nothing to keep
        runs += ran.length;
        const types = inferTypes(model, { proven: true });
        const simplified = await runner.load(await simplifyOnly(model), { optimization: 'disabled' });
        for (const { bindings, outputs } of ran) {
          const after = await simplified.run(seededFeeds(model, bindings));
          expect(compareOutputs(outputs, after.outputs).filter(({ bitEqual }) => !bitEqual)).toEqual([]);
          values.forEach((value, i) => {
            const type = types.typeOf(model.graph, value);
            const real = outputs.get(model.graph.outputs[i]?.name ?? '')?.dims;
            if (type?.kind !== 'tensor' || type.shape === undefined || real === undefined) return;
            const claimed = type.shape.map((dimension, axis) => evaluateDimension(dimension, new Map(Object.entries(bindings))) ?? real[axis]);
            expect(claimed, formatShape(type.shape)).toEqual([...real]);
          });
        }
        await simplified.release();
      }),
      { numRuns: 40 },
    );
    expect(runs).toBeGreaterThan(40);
  }, 120_000);
});
