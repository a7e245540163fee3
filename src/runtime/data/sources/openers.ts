// How each kind of data is opened for a model: one row per kind.
import type { Model } from '../../../graph/model';
import type { DataSpec, StoredDataKind } from '../../../protocol/data';
import type { IndexedData } from '../indexed';
import type { FedInput } from '../inputs';
import type { FoundData } from '../recognise';
import { openArrays } from './arrays';
import { openIdx } from './idx';
import { openJsonLines } from './jsonLines';
import { openPictures } from './pictures';
import { openRecordings } from './recordings';
import { openTable } from './table';
import { openDataSets } from './testDataSets';
import { openTexts } from './texts';

export interface OpenRequest {
  readonly spec: DataSpec;
  readonly found: FoundData;
  readonly model: Model;
  readonly inputs: readonly FedInput[];
  readonly bindings: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** @throws LatheError `usage` when the data do not fit the model's inputs, `malformed` */
export const openers: Readonly<Record<StoredDataKind, (request: OpenRequest) => IndexedData>> = {
  'test-data-set': openDataSets,
  npy: openArrays,
  images: openPictures,
  idx: openIdx,
  csv: openTable,
  'json-lines': openJsonLines,
  wav: openRecordings,
  text: openTexts,
};
