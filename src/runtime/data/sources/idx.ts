// IDX files as samples: MNIST's pictures, their labels found beside them by name.
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { toFloat64Array } from '../../../tensor/decode';
import { isFloat } from '../../../tensor/elementType';
import { elementCount } from '../../../tensor/tensor';
import { tensorFromNumbers } from '../../convert';
import { normalisation } from '../files/images';
import { isIdx, readIdx } from '../files/idx';
import { part } from '../files/npy';
import type { IndexedData } from '../indexed';
import { fits, type FedInput } from '../inputs';
import { labelsOfArray } from '../labels';
import { type ListedFile } from '../listing';
import { readdirSync } from 'node:fs';
import type { OpenRequest } from './openers';

/** The file of pictures in a folder, where there is one set alone: training and test pictures are not mixed. */
export function listIdx(folder: string): ListedFile[] {
  const files = readdirSync(folder).filter((name) => isIdx(name) && !/labels/i.test(name)).sort();
  if (files.length > 1) throw new LatheError('usage', `The folder holds several IDX files of samples: ${files.slice(0, 4).join(', ')}.`, { file: folder, hint: 'Name the one that is meant.' });
  return files.map((name) => ({ path: join(folder, name), name }));
}

/** `train-images-idx3-ubyte.gz` → `train-labels-idx1-ubyte.gz`, packed or not, where it is there. */
export function besideIdx(path: string): string | undefined {
  const own = basename(path);
  if (!/images/i.test(own)) return undefined;
  const labels = own.replace(/images/i, 'labels').replace(/idx\d/i, 'idx1');
  return [labels, `${labels}.gz`, labels.replace(/\.gz$/, '')].map((name) => join(dirname(path), name)).find((each) => statSync(each, { throwIfNoEntry: false })?.isFile() === true);
}

/** @throws LatheError `usage` when the samples fit no input */
export function openIdx({ spec, found, inputs }: OpenRequest): IndexedData {
  const path = found.files[0]?.path ?? found.path;
  const array = readIdx(path);
  const [count = 0, ...own] = array.dims;
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw new LatheError('usage', `An IDX file feeds one input, and the model has ${inputs.length}.`, { file: path });
  if (count === 0) throw new LatheError('usage', 'The file holds no samples.', { file: path });
  const dims = shapeFor(own, input);
  if (dims === undefined) throw new LatheError('usage', `Samples of shape [${own.join(', ')}] do not fit input ${input.name} of shape ${formatShape(input.declared)}.`, { file: path, item: input.name });
  const bytes = array.source.byteLength / count;
  const scale = spec.pictures?.scale ?? 'raw';
  const normal = normalisation(scale === 'auto' ? 'raw' : scale, !isFloat(input.elementType));
  const labelFile = spec.labels === undefined ? besideIdx(path) : undefined;
  const labels = labelFile === undefined ? undefined : labelsOfArray(readIdx(labelFile), count, labelFile);
  return {
    kind: 'idx',
    path: found.path,
    count,
    note: `${normal.words}, ${dims.join('×')}`,
    nameOf: String,
    ...(labels === undefined ? {} : { labelOf: (index: number) => labels.labelOf(index, '') }),
    ...(labels?.classes === undefined ? {} : { classes: labels.classes }),
    read: (index) => {
      const values = toFloat64Array({ ...array, dims: own, source: part(array.source, index * bytes, bytes) });
      const [mean = 0, deviation = 1] = [normal.mean[0], normal.deviation[0]];
      const scaled = scale === 'raw' || scale === 'auto' ? values : values.map((value) => (value / 255 - mean) / deviation);
      return { feeds: new Map([[input.name, tensorFromNumbers(input.name, input.elementType, dims, scaled)]]) };
    },
  };
}

/** The sample's shape, with a batch axis and, of grey pictures, a channel axis where the input has them, or in one row. */
function shapeFor(own: readonly number[], { declared }: FedInput): readonly number[] | undefined {
  const count = elementCount(own);
  const shapes = [own, [1, ...own], [1, 1, ...own], [1, ...own, 1], [1, count], [count], [1, 1, count]];
  return shapes.find((dims) => fits(declared, dims));
}
