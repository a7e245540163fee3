// Random chains of layers, constants and activations on small images: whatever is simplified, TensorFlow.js computes the same.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floats, ints, number, type Operand, w, x } from '../../formats/tfjs/lower/graphDef';
import { onBackend } from '../../formats/tfjs/lower/tensorflow';
import { graph, type Line } from './graphs';
import { simplifyAndRun } from './support';

/** Deep chains of random scales add up their roundings. */
const tolerance = 1e-4;
const channels = 3;

/** Each step reads the value before it, or an older one of the same shape. */
const steps = fc.array(
  fc.record({
    op: fc.constantFrom('Conv2D', 'DepthwiseConv2dNative', 'Mul', 'AddV2', 'Sub', 'BiasAdd', 'FusedBatchNormV3', 'Relu', 'Relu6', 'Sigmoid', 'Prelu', 'Identity', 'Minimum', 'Maximum', 'Pad', 'sum', 'product', 'AddN'),
    back: fc.nat(3),
    scalar: fc.boolean(),
    valid: fc.boolean(),
  }),
  { minLength: 2, maxLength: 10 },
);

describe('random graphs', () => {
  it('give what they gave when simplified', async () => {
    await onBackend('wasm', () =>
      fc.assert(
        fc.asyncProperty(steps, fc.nat(2), async (chain, more) => {
          const operands: Record<string, Operand> = { x: x(2, 5, 4, channels) };
          const lines: Line[] = [];
          let shape = 'x';
          const sameShape = ['x'];
          const constant = (i: number, operand: Operand): string => {
            operands[`c${i}`] = operand;
            return `c${i}`;
          };
          for (const [i, { op, back, scalar, valid }] of chain.entries()) {
            const name = `n${i}`;
            const older = sameShape.at(-1 - (back % sameShape.length)) ?? shape;
            const perChannel = constant(i, scalar ? number(0.7) : floats([0.5, -1.5, 2]));
            if (op === 'Conv2D') lines.push([name, op, `${shape} ${constant(i, w(3, 3, channels, channels))}`]);
            else if (op === 'DepthwiseConv2dNative') lines.push([name, op, `${shape} ${constant(i, w(3, 3, channels, 1))}`]);
            else if (op === 'BiasAdd') lines.push([name, op, `${shape} ${constant(i, w(channels))}`]);
            else if (op === 'Prelu') lines.push([name, op, `${shape} ${constant(i, w(1, 1, channels))}`]);
            else if (op === 'FusedBatchNormV3') {
              operands[`v${i}`] = floats([0.5, 1, 2]);
              lines.push([name, op, `${shape} ${constant(i, w(channels))} c${i} c${i} v${i}`]);
            } else if (op === 'Pad') {
              operands[`k${i}`] = w(3, 3, channels, channels);
              lines.push([`p${i}`, op, `${shape} ${constant(i, ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]))}`], [name, 'Conv2D', `p${i} k${i}`, { padding: 'VALID' }]);
            } else if (op === 'sum' || op === 'product') lines.push([name, op === 'sum' ? 'AddV2' : 'Mul', `${shape} ${older}`]);
            else if (op === 'AddN') lines.push([name, op, `${older} ${shape}`, { N: 2 }]);
            else if (op === 'Minimum' || op === 'Maximum') lines.push([name, op, `${shape} ${constant(i, number(op === 'Minimum' ? 6 : 0))}`]);
            else if (op === 'Mul' || op === 'AddV2' || op === 'Sub') lines.push([name, op, valid && op !== 'Sub' ? `${perChannel} ${shape}` : `${shape} ${perChannel}`]);
            else lines.push([name, op, shape]);
            shape = name;
            sameShape.push(name);
          }
          const outputs = [shape, ...sameShape.slice(1, 1 + more)].filter((name, i, all) => all.indexOf(name) === i);
          const { differences } = await simplifyAndRun(graph(operands, lines, outputs));
          for (const [output, difference] of Object.entries(differences)) expect(difference, output).toBeLessThan(tolerance);
        }),
        { numRuns: 60, seed: 4 },
      ),
    );
  });
});
