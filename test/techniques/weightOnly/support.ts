// What the tests of weight-only quantization share: one-layer models, and the weight a rewritten layer stands for by the kernels' specification.
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model, Node } from '../../../src/graph/model';
import { intAttribute } from '../../../src/graph/traverse';
import { toFloat32Array } from '../../../src/tensor/decode';
import { unpackBits } from '../../../src/tensor/packing';
import { float32Tensor, type Tensor } from '../../../src/tensor/tensor';
import { quantizeWeights } from '../../../src/techniques/weightOnly/weightOnly';
import type { TechniqueResult } from '../../../src/techniques/technique';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { Runner } from '../../../src/runtime/runner';
import { contextFor } from '../quantize/support';

let runner: Promise<Runner> | undefined;

export async function stopRunner(): Promise<void> {
  (await runner)?.dispose();
}

/** Lowest SQNR in dB between the outputs of two models; all comparisons share one runner. */
export async function decibelsBetween(a: Model, b: Model): Promise<number> {
  runner ??= Runner.start();
  const { outputs } = await compareModels(a, b, await openSamples(undefined, a, { seed: 7, limit: 2 }), { runner: await runner });
  return Math.min(...outputs.map((output) => (output.bitEqual ? Infinity : (output.sqnrDb ?? -Infinity))));
}

export async function quantize(model: Model, options: Record<string, unknown> = {}): Promise<TechniqueResult> {
  return quantizeWeights.apply(model, quantizeWeights.options.parse({ leastElements: 0, ...options }), await contextFor(model));
}

export interface ProductShape {
  readonly rows: readonly number[];
  readonly k: number;
  readonly n: number;
  /** Gemm with the weight as [N, K]. */
  readonly transposed?: boolean;
  /** Gemm with a bias of these dims. */
  readonly bias?: readonly number[];
}

/** y = x · w as MatMul, or as Gemm where it is transposed or has a bias. */
export function productModel({ rows, k, n, transposed = false, bias }: ProductShape, weight?: ArrayLike<number>): Model {
  const builder = new GraphBuilder('product', { seed: k * 31 + n, opset: 13 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [...rows, k]);
  const dims = transposed ? [n, k] : [k, n];
  const w = weight === undefined ? root.weight('w', dims, { standardDeviation: 0.3 }) : builder.initializer(float32Tensor('w', dims, weight));
  const inputs = [x, w, ...(bias === undefined ? [] : [root.weight('bias', bias, { standardDeviation: 0.3 })])];
  const y = transposed || bias !== undefined ? root.node('Gemm', inputs, { transB: transposed ? 1 : 0 }) : root.node('MatMul', inputs);
  builder.output(y, 'float32', [...rows, n], 'y');
  return builder.build();
}

export function only(model: Model, opType: string): Node {
  const found = model.graph.nodes.filter((node) => node.opType === opType);
  const [node] = found;
  if (node === undefined || found.length > 1) throw new Error(`The model has ${found.length} ${opType}.`);
  return node;
}

export function initializer(model: Model, name: string | undefined): Tensor | undefined {
  return model.graph.initializers.get(name ?? '');
}

/** Unsigned codes of `count` elements. */
function codes(bytes: Uint8Array, count: number, bits: number): number[] {
  if (bits === 8) return [...bytes.subarray(0, count)];
  return [...unpackBits(bytes, count, bits === 4 ? 4 : 2, false)];
}

/**
 * The weight [N, K] of a MatMulNBits node by its specification (onnxruntime, ContribOperators.md): B is [N, blocks, block · bits / 8]
 * with the first of each byte's elements in its low bits; w = (code − zero point) · scale; zero points packed by row into whole
 * bytes, 2^(bits − 1) where there are none.
 */
export function weightOfProduct(model: Model, node: Node): Float32Array {
  const [k, n, bits, block] = ['K', 'N', 'bits', 'block_size'].map((name) => intAttribute(node, name, 0)) as [number, number, number, number];
  const blocks = Math.ceil(k / block);
  const packed = initializer(model, node.inputs[1])?.source.read() ?? new Uint8Array(0);
  const scales = toFloat32Array(initializer(model, node.inputs[2]) ?? float32Tensor('', [0], []));
  const zeroPoints = initializer(model, node.inputs[3])?.source.read();
  const out = new Float32Array(n * k);
  const rowBytes = (blocks * block * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  for (let row = 0; row < n; row++) {
    const here = codes(packed.subarray(row * rowBytes, (row + 1) * rowBytes), k, bits);
    const zeros = zeroPoints === undefined ? undefined : codes(zeroPoints.subarray(row * zeroBytes, (row + 1) * zeroBytes), blocks, bits);
    for (const [i, code] of here.entries()) {
      const at = Math.floor(i / block);
      out[row * k + i] = (code - (zeros?.[at] ?? 2 ** (bits - 1))) * (scales[row * blocks + at] ?? 0);
    }
  }
  return out;
}

/** Largest distance between two arrays. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return largest;
}
