// Which layers lose most when they alone go to int8: groups first, the worst split in halves, so that deep models stay affordable.
import { throwIfCancelled } from '../../base/cancellation';

export interface SensitivityRequest {
  /** Layer keys, in graph order. */
  readonly layers: readonly string[];
  /** SQNR in dB of the model's outputs when only these layers are int8; +∞ where nothing is lost. */
  readonly noise: (only: readonly string[]) => Promise<number>;
  readonly signal: AbortSignal;
  /** No new measurement starts after this long. */
  readonly budgetMs: number;
}

interface Group {
  readonly layers: readonly string[];
  readonly decibels: number;
}

/** Groups measured at the start; more than this many layers are not measured one by one. */
const firstGroups = 12;
/** Single layers that must stand first before splitting stops: nobody gives up more than a few. */
const singlesWanted = 8;
/** A group this much better than the worst (a hundredth of its noise) is not worth looking into. */
const negligibleDecibels = 20;
/** Measurements in all: layers that are all alike would otherwise be split to the last. */
const mostMeasurements = 64;

/** Layers ordered by harm, most harmful first. Layers of a group that was not split keep graph order among themselves. */
export async function rankBySensitivity(request: SensitivityRequest): Promise<string[]> {
  const { layers, noise, signal, budgetMs } = request;
  const deadline = Date.now() + budgetMs;
  const size = Math.max(1, Math.ceil(layers.length / firstGroups));
  const waiting: (readonly string[])[] = [];
  for (let first = 0; first < layers.length; first += size) waiting.push(layers.slice(first, first + size));
  const measured: Group[] = [];
  let count = 0;
  for (;;) {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      throwIfCancelled(signal);
      count++;
      measured.push({ layers: group, decibels: Date.now() < deadline ? await noise(group) : Number.POSITIVE_INFINITY });
    }
    measured.sort((a, b) => a.decibels - b.decibels);
    const limit = (measured[0]?.decibels ?? 0) + negligibleDecibels;
    const worst = measured.slice(0, singlesWanted).findIndex((group) => group.layers.length > 1 && group.decibels <= limit);
    const done = worst < 0 || Date.now() >= deadline || count >= mostMeasurements;
    const [group] = done ? [] : measured.splice(worst, 1);
    if (group === undefined) return measured.flatMap((entry) => entry.layers);
    const half = Math.ceil(group.layers.length / 2);
    waiting.push(group.layers.slice(0, half), group.layers.slice(half));
  }
}
