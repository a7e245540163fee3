// onnxruntime's profile file read into kernels: each with its own milliseconds per run.
import { readFileSync } from 'node:fs';
import { LatheError } from '../base/errors';
import { median } from './metrics/statistics';

/** One kernel the runtime ran, under the name it has in the optimised graph. */
export interface Kernel {
  readonly name: string;
  readonly op: string;
  /** Median over the counted runs, without what ran inside its subgraphs. */
  readonly milliseconds: number;
}

export interface KernelTimes {
  /** In order of their first execution. */
  readonly kernels: readonly Kernel[];
  /** Median over runs of the sum of all kernels. */
  readonly totalMs: number;
  readonly runs: number;
}

interface Event {
  readonly name: string;
  readonly op: string;
  /** Microseconds. */
  readonly start: number;
  readonly duration: number;
}

const kernelSuffix = '_kernel_time';

/** @param skip runs at the beginning that do not count @throws LatheError `runtime` when the file holds no runs */
export function readProfile(path: string, skip: number): KernelTimes {
  const { runs, kernels } = parse(readFileSync(path, 'utf8'));
  const counted = runs.sort((a, b) => a.start - b.start).slice(skip);
  if (counted.length === 0) throw new LatheError('runtime', 'onnxruntime’s profile holds no runs.');
  const own = ownDurations(kernels);
  const perKernel = new Map<string, { op: string; sums: Float64Array }>();
  const totals = new Float64Array(counted.length);
  let run = 0;
  for (const { event, duration } of own) {
    while (run < counted.length && event.start >= endOf(counted[run])) run++;
    const current = counted[run];
    if (current === undefined || event.start < current.start) continue;
    const kernel = perKernel.get(event.name) ?? { op: event.op, sums: new Float64Array(counted.length) };
    perKernel.set(event.name, kernel);
    kernel.sums[run] = (kernel.sums[run] ?? 0) + duration;
    totals[run] = (totals[run] ?? 0) + duration;
  }
  return { kernels: [...perKernel].map(([name, { op, sums }]) => ({ name, op, milliseconds: median(sums) / 1000 })), totalMs: median(totals) / 1000, runs: counted.length };
}

function endOf(event: Event | undefined): number {
  return event === undefined ? Infinity : event.start + event.duration;
}

function parse(text: string): { runs: Event[]; kernels: Event[] } {
  const runs: Event[] = [];
  const kernels: Event[] = [];
  const events: unknown = JSON.parse(text);
  if (!Array.isArray(events)) throw new LatheError('runtime', 'onnxruntime’s profile is not a list of events.');
  for (const raw of events as { cat?: string; name?: string; ts?: number; dur?: number; args?: { op_name?: string } }[]) {
    const { cat, name = '', ts = 0, dur = 0 } = raw;
    if (cat === 'Session' && name === 'model_run') runs.push({ name, op: '', start: ts, duration: dur });
    else if (cat === 'Node' && name.endsWith(kernelSuffix)) kernels.push({ name: name.slice(0, -kernelSuffix.length), op: raw.args?.op_name ?? '', start: ts, duration: dur });
  }
  return { runs, kernels: kernels.sort((a, b) => a.start - b.start || b.duration - a.duration) };
}

/** Each event's duration less that of the events inside it: a Loop's time is that of its body's kernels, which are listed themselves. */
function ownDurations(events: readonly Event[]): { event: Event; duration: number }[] {
  const own: { event: Event; duration: number }[] = [];
  const open: { event: Event; duration: number }[] = [];
  for (const event of events) {
    const entry = { event, duration: event.duration };
    for (let top = open.at(-1); top !== undefined && event.start >= top.event.start + top.event.duration; top = open.at(-1)) open.pop();
    const parent = open.at(-1);
    if (parent !== undefined) parent.duration = Math.max(0, parent.duration - event.duration);
    // An event of no duration encloses nothing.
    if (event.duration > 0) open.push(entry);
    own.push(entry);
  }
  return own;
}
