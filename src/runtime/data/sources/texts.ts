// Texts as samples: a line each, made into ids, mask and type ids by a tokenizer.
import { dirname } from 'node:path';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { isFloat } from '../../../tensor/elementType';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import { tensorFromNumbers } from '../../convert';
import { openRows } from '../files/rows';
import type { IndexedData } from '../indexed';
import type { FedInput } from '../inputs';
import { besides } from '../listing';
import type { Feeds } from '../samples';
import { readTokenizer } from '../tokenizers/tokenizer';
import type { OpenRequest } from './openers';

/** Where neither the input nor the person says how long texts are. */
const usualLength = 512;
/** Taken where they lie beside the text or the model. */
const tokenizerFiles = ['tokenizer.json', 'vocab.txt'];

/** @throws LatheError `usage` without a tokenizer or an input of ids */
export function openTexts(request: OpenRequest): IndexedData {
  const path = request.found.files[0]?.path ?? request.found.path;
  const rows = openRows(path);
  if (rows.count === 0) throw new LatheError('usage', 'The file holds no lines.', { file: path });
  const { note, feeds } = encodedTexts(request);
  return { kind: 'text', path: request.found.path, count: rows.count, note, nameOf: String, read: (index) => ({ feeds: feeds(rows.at(index)) }) };
}

/** What a text is fed as. @throws LatheError `usage` without a tokenizer or an input of ids */
export function encodedTexts({ spec, found, inputs, model }: OpenRequest): { readonly note: string; readonly feeds: (text: string) => Feeds } {
  const folders = [dirname(found.files[0]?.path ?? found.path), ...(model.path === undefined ? [] : [dirname(model.path)])];
  const file = spec.text?.tokenizer ?? folders.map((folder) => besides(folder, tokenizerFiles)).find((each) => each !== undefined);
  if (file === undefined) throw new LatheError('usage', 'Texts need a tokenizer to become ids.', { file: found.path, hint: 'Put its tokenizer.json or vocab.txt beside them, or name it in a data description.' });
  const ids = idsInput(inputs, found.path);
  const fixed = ids.declared.at(-1);
  const length = spec.text?.length ?? (typeof fixed === 'number' ? fixed : undefined);
  if (typeof fixed === 'number' && length !== fixed) throw new LatheError('usage', `Texts are to be ${length ?? 0} ids long, and input ${ids.name} takes ${formatShape(ids.declared)}.`, { item: ids.name });
  const tokenizer = readTokenizer(file);
  return {
    note: `${tokenizer.kind}, ${length === undefined ? `as long as each text, at most ${usualLength} ids` : `${length} ids`}`,
    feeds: (text) => {
      const own = tokenizer.encode(text, length ?? usualLength);
      const size = length ?? Math.max(1, own.length);
      return new Map(inputs.map((input) => [input.name, feed(input, ids, own, size, tokenizer.padding)]));
    },
  };
}

const maskNames = /mask/i;
const typeNames = /type|segment/i;
const positionNames = /position/i;

function idsInput(inputs: readonly FedInput[], file: string): FedInput {
  const whole = inputs.filter(({ name, elementType, declared }) => (elementType === 'int64' || elementType === 'int32') && declared.length >= 1 && declared.length <= 2 && ![maskNames, typeNames, positionNames].some((names) => names.test(name)));
  const found = whole.find(({ name }) => /ids?$|token/i.test(name)) ?? whole[0];
  if (found !== undefined) return found;
  throw new LatheError('usage', `The data are texts, but no input takes ids (inputs: ${inputs.map(({ name, declared }) => `${name} ${formatShape(declared)}`).join(', ')}).`, { file });
}

/** Ids and mask, positions counted, everything else (type ids, states) zero. */
function feed(input: FedInput, ids: FedInput, own: readonly number[], size: number, padding: number): Tensor {
  const isSequence = input === ids || (!isFloat(input.elementType) && input.declared.length === ids.declared.length) || maskNames.test(input.name);
  const dims = isSequence ? [...ids.declared.slice(0, -1).map(() => 1), size] : input.dims;
  const values = new Float64Array(elementCount(dims));
  if (isSequence) {
    for (let i = 0; i < size; i++) {
      if (input === ids) values[i] = own[i] ?? padding;
      else if (maskNames.test(input.name)) values[i] = i < own.length ? 1 : 0;
      else if (positionNames.test(input.name)) values[i] = i;
    }
  }
  return tensorFromNumbers(input.name, input.elementType, dims, values);
}
