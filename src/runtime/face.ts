// A model's face: what is fed and what comes out, as the runtime reports it, for models whose inside is not read here.
import { makeGraph, makeModel, tensorType } from '../graph/construct';
import { symbol } from '../graph/dimension';
import type { Model, ValueInfo } from '../graph/model';
import type { LoadResult, SessionValue } from './messages';

/** A model of no nodes with the loaded one's inputs and outputs. */
export function faceOf({ inputs, outputs }: Pick<LoadResult, 'inputs' | 'outputs'>, path: string | undefined): Model {
  return makeModel(makeGraph('face', { inputs: inputs.map(valueInfo), outputs: outputs.map(valueInfo) }), { path });
}

function valueInfo({ name, elementType, shape }: SessionValue): ValueInfo {
  if (elementType === undefined) return { name };
  return { name, type: tensorType(elementType, shape?.map((dim) => (typeof dim === 'number' ? dim : dim === '' ? undefined : symbol(dim)))) };
}
