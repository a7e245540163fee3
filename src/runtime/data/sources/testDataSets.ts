// ONNX's own test data: folders `test_data_set_*` with `input_*.pb` and `output_*.pb`, one TensorProto each.
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LatheError } from '../../../base/errors';
import { readTensorFile } from '../../../formats/onnx/tensorFile';
import type { Tensor } from '../../../tensor/tensor';
import { convertTensor } from '../../convert';
import type { FedInput } from '../inputs';
import type { IndexedData } from '../indexed';
import type { Feeds } from '../samples';
import type { OpenRequest } from './openers';

/** The folders of samples in `folder`, which may be one itself; empty when there are none. */
export function listDataSets(folder: string): string[] {
  const isDataSet = (path: string): boolean => statSync(path).isDirectory() && readdirSync(path).some((name) => /^input_\d+\.pb$/.test(name));
  if (isDataSet(folder)) return [folder];
  return readdirSync(folder)
    .filter((name) => /^test_data_set/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(folder, name))
    .filter(isDataSet);
}

/** The tensors of one kind in a data set folder, in order. @throws LatheError `malformed` */
export function readDataSet(folder: string, kind: 'input' | 'output'): Tensor[] {
  const pattern = new RegExp(`^${kind}_(\\d+)\\.pb$`);
  const number = (name: string): number => Number(pattern.exec(name)?.[1]);
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort((a, b) => number(a) - number(b))
    .map((name) => readTensorFile(join(folder, name)));
}

/** Expected outputs, where there are some, are the labels. */
export function openDataSets({ found, inputs }: OpenRequest): IndexedData {
  const folders = found.files;
  return {
    kind: 'test-data-set',
    path: found.path,
    count: folders.length,
    nameOf: (index) => folders[index]?.name ?? '',
    read: (index) => {
      const folder = folders[index]?.path ?? '';
      const expected = readDataSet(folder, 'output');
      return { feeds: readFeeds(folder, inputs), ...(expected.length === 0 ? {} : { label: { values: new Map(expected.map((tensor) => [tensor.name, tensor])) } }) };
    },
  };
}

/** By the tensors' own names, else by order. */
function readFeeds(folder: string, inputs: readonly FedInput[]): Feeds {
  const tensors = readDataSet(folder, 'input');
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return new Map(
    inputs.map((input, i) => {
      const tensor = byName.get(input.name) ?? tensors[i];
      if (tensor === undefined) throw new LatheError('usage', `${basename(folder)} has ${tensors.length} inputs; the model takes ${inputs.length}.`, { file: folder, item: input.name });
      return [input.name, convertTensor(tensor, input.name, input.elementType)];
    }),
  );
}
