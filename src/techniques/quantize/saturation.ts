// Finds out whether this machine's int8 kernels add products in 16 bits and saturate, so that weights need room.
import { makeGraph, makeModel, makeNode, tensorValue } from '../../graph/construct';
import { tensorFromArray } from '../../tensor/tensor';
import type { TechniqueContext } from '../technique';

const size = 64;
const largestByte = 255;
const largestWeight = 127;

/**
 * Multiplies the largest uint8 by the largest int8 numbers in the runtime and looks whether the sum is right. On x86 before VNNI
 * the kernel's vpmaddubsw adds pairs in 16 bits with saturation, which the runtime does not guard against.
 */
export async function int8KernelsSaturate(context: Pick<TechniqueContext, 'runModel'>): Promise<boolean> {
  const weight = tensorFromArray('weight', 'int8', [size, size], new Int8Array(size * size).fill(largestWeight));
  const graph = makeGraph('saturation', {
    inputs: [tensorValue('activation', 'uint8', [size, size])],
    outputs: [tensorValue('sum', 'int32', [size, size])],
    initializers: new Map([['weight', weight]]),
    nodes: [makeNode({ opType: 'MatMulInteger', inputs: ['activation', 'weight'], outputs: ['sum'] })],
  });
  const activation = tensorFromArray('activation', 'uint8', [size, size], new Uint8Array(size * size).fill(largestByte));
  const results = await context.runModel(makeModel(graph, { opsetImports: new Map([['', 13]]) }), new Map([['activation', activation]]), ['sum']);
  const bytes = results.get('sum')?.source.read().slice(0, 4);
  const sum = bytes === undefined ? 0 : (new Int32Array(bytes.buffer)[0] ?? 0);
  return sum !== size * largestByte * largestWeight;
}
