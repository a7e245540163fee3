// A single TensorProto in a file of its own, as in ONNX's test_data_set folders (input_0.pb, output_0.pb).
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import { SourceFile } from '../../tensor/fileSource';
import type { Tensor } from '../../tensor/tensor';
import { encodeTensorBody } from './encodeTensor';
import { ReadContext } from './readContext';
import { readGraph } from './readGraph';
import { readTensorFields } from './readTensor';
import { WireReader } from './wireReader';
import { WireWriter } from './wireWriter';

const memoryBudget = 64 * 2 ** 20;

/** Reads one TensorProto; large data stay in the file. @throws LatheError `not-found`, `malformed`, `io`. */
export function readTensorFile(path: string): Tensor {
  const absolute = resolve(path);
  const file = new SourceFile(absolute);
  try {
    // Small files, the rule here, are taken whole, so that no handle stays open for them.
    if (file.size <= memoryBudget / 64) return readTensorBytes(readFileSync(absolute), absolute);
    return readTensorFields(new ReadContext(new WireReader(file, absolute, memoryBudget), undefined, absolute, readGraph), 'tensor');
  } catch (thrown) {
    throw toLatheError(thrown, absolute);
  } finally {
    file.dispose();
  }
}

/** Reads one TensorProto from memory; its data are views on `bytes`. @throws LatheError `malformed`. */
export function readTensorBytes(bytes: Uint8Array, name?: string): Tensor {
  if (bytes.byteLength === 0) throw new LatheError('malformed', 'The file is empty; a tensor was expected.', name === undefined ? {} : { file: name });
  return readTensorFields(new ReadContext(new WireReader(bytes, name, memoryBudget), undefined, name, readGraph), 'tensor');
}

/** A TensorProto as bytes. */
export function encodeTensorFile(tensor: Tensor): Uint8Array {
  const wire = new WireWriter();
  encodeTensorBody(wire, tensor, () => undefined);
  return Buffer.concat([...wire.pieces()].map((piece) => (piece instanceof Uint8Array ? piece : piece.read())));
}
