// Recordings as samples: frames of a waveform at the rate the model takes, classes by folder; states that a model carries along begin at zero.
import { statSync } from 'node:fs';
import { LatheError } from '../../../base/errors';
import { formatShape } from '../../../graph/dimension';
import { isFloat } from '../../../tensor/elementType';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import { tensorFromNumbers } from '../../convert';
import { readWav, readWavHeader, resample, resampleReach, type WavHeader } from '../files/wav';
import type { IndexedData } from '../indexed';
import type { FedInput } from '../inputs';
import { classesOfFolders } from '../listing';
import type { OpenRequest } from './openers';

/** What speech models take. */
const usualRate = 16_000;
/** Beyond this a recording fed whole is cut: 64 million values. */
const mostFrame = 1 << 26;

interface Clip {
  readonly file: number;
  /** First value at the model's rate. */
  readonly start: number;
}

/** @throws LatheError `usage` when the model takes no waveform */
export function openRecordings({ spec, found, inputs }: OpenRequest): IndexedData {
  const { rate = usualRate } = spec.audio ?? {};
  const target = waveformInput(inputs, found.path);
  const fixed = target.declared.at(-1);
  const frame = spec.audio?.frame ?? (typeof fixed === 'number' ? fixed : undefined);
  if (typeof fixed === 'number' && frame !== fixed) throw new LatheError('usage', `Frames are to be ${frame ?? 0} values long, and input ${target.name} takes ${formatShape(target.declared)}.`, { item: target.name });
  const { files } = found;
  const headers = new Map<number, WavHeader>();
  const headerOf = (file: number): WavHeader => {
    const known = headers.get(file) ?? readWavHeader(files[file]?.path ?? '');
    headers.set(file, known);
    return known;
  };
  const clips = clipsOf(files.length, frame, spec.audio?.hop ?? frame, (file) => lengthOf(headerOf(file), rate));
  const byFolder = classesOfFolders(files, spec.classes);
  const others = inputs.filter((input) => input !== target);
  const fileOf = (index: number): number => clips[index]?.file ?? 0;
  return {
    kind: 'wav',
    path: found.path,
    count: clips.length,
    note: `mono, ${rate} Hz, ${frame === undefined ? 'whole recordings' : `frames of ${frame} values`}, states zero`,
    nameOf: (index) => `${files[fileOf(index)]?.name ?? ''}${frame === undefined ? '' : `@${clips[index]?.start ?? 0}`}`,
    ...(byFolder === undefined ? {} : { classes: byFolder.size, labelOf: (index: number) => byFolder.get(files[fileOf(index)]?.folder ?? '') }),
    read: (index) => {
      const file = fileOf(index);
      const header = headerOf(file);
      const count = frame ?? Math.min(mostFrame, lengthOf(header, rate));
      const values = clip(files[file]?.path ?? '', header, clips[index]?.start ?? 0, count, rate);
      const dims = target.declared.map((dim, axis) => (axis === target.declared.length - 1 ? count : typeof dim === 'number' ? dim : 1));
      const feeds = new Map<string, Tensor>([[target.name, tensorFromNumbers(target.name, target.elementType, dims, Float64Array.from(values))]]);
      for (const input of others) feeds.set(input.name, beginning(input, rate));
      return { feeds };
    },
    stateOf: (index) => {
      const { size, mtimeNs } = statSync(files[fileOf(index)]?.path ?? '', { bigint: true });
      return [files[fileOf(index)]?.path, size, mtimeNs, clips[index]?.start, frame, rate, JSON.stringify(inputs)].join('\0');
    },
  };
}

/** The input of floats whose values are along its last axis, one signal at a time. */
function waveformInput(inputs: readonly FedInput[], file: string): FedInput {
  const isSignal = ({ elementType, declared }: FedInput): boolean => isFloat(elementType) && declared.length >= 1 && declared.length <= 3 && declared.slice(0, -1).every((dim) => typeof dim !== 'number' || dim === 1);
  const signals = inputs.filter(isSignal);
  // Of several the one that is not a state: those have small fixed sizes.
  const found = signals.find(({ name }) => /^(input|x|audio|wave|signal|speech)/i.test(name)) ?? signals[0];
  if (found !== undefined) return found;
  throw new LatheError('usage', `The data are recordings, but no input takes a waveform (inputs: ${inputs.map(({ name, declared }) => `${name} ${formatShape(declared)}`).join(', ')}).`, { file, hint: 'Models that take spectrograms are fed .npy files.' });
}

function lengthOf({ frames, rate: own }: WavHeader, rate: number): number {
  return Math.floor((frames * rate) / own);
}

/** Whole recordings where there is no frame; else every frame that fits, and of a shorter recording one, filled up with silence. Files that cannot be read count once. */
function clipsOf(files: number, frame: number | undefined, hop: number | undefined, lengthOfFile: (file: number) => number): readonly Clip[] {
  const clips: Clip[] = [];
  for (let file = 0; file < files; file++) {
    clips.push({ file, start: 0 });
    if (frame === undefined || hop === undefined) continue;
    const length = safely(() => lengthOfFile(file));
    for (let start = hop; start + frame <= length; start += hop) clips.push({ file, start });
  }
  return clips;
}

function safely(length: () => number): number {
  try {
    return length();
  } catch {
    return 0; // said when it is read
  }
}

function clip(path: string, header: WavHeader, start: number, count: number, rate: number): Float32Array {
  if (header.rate === rate) return readWav(path, header, start, count);
  const reach = resampleReach(header.rate, rate);
  const from = Math.floor((start * header.rate) / rate) - reach;
  const to = Math.ceil(((start + count) * header.rate) / rate) + reach;
  return resample(readWav(path, header, from, to - from), from, header.rate, rate, start, count);
}

function beginning(input: FedInput, rate: number): Tensor {
  const { name, elementType, dims } = input;
  const value = /^(sr|sample_?rate)$/i.test(name) && elementCount(dims) === 1 ? rate : 0;
  return tensorFromNumbers(name, elementType, dims, new Float64Array(elementCount(dims)).fill(value));
}
