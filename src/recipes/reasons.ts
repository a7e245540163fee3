// Why a variant came out as it did, in sentences a person understands.
import { formatSpeed } from '../base/format';
import type { Profile } from '../protocol/measurement';

/** Beyond this share of the time in layers that int8 does not help, that is the reason for a slow result. */
const tellingShare = 0.4;

/** What is known when an int8 variant came out slower, or no faster. */
export interface SlowEvidence {
  readonly ratio: number;
  /** Layers that the rule would have kept float, because their int8 kernels are slower. */
  readonly unsuited: readonly string[];
  /** All layers with an int8 kernel. */
  readonly layers: readonly string[];
  /** Milliseconds (or, lacking a profile, MACs) of each layer. */
  readonly cost: (layer: string) => number;
}

/** E.g. `1.27× slower at int8: most of its time is in depthwise and small-channel convolutions, which …: leave it float`. */
export function whySlower(evidence: SlowEvidence): string {
  const all = evidence.layers.reduce((sum, layer) => sum + evidence.cost(layer), 0);
  const unsuited = evidence.unsuited.reduce((sum, layer) => sum + evidence.cost(layer), 0);
  const share = all === 0 ? 0 : unsuited / all;
  const speed = `${formatSpeed(evidence.ratio)} at int8`;
  if (share >= tellingShare) return `${speed}: ${share > 0.5 ? 'most' : 'much'} of its time is in depthwise and small-channel convolutions, which the int8 kernels run slower: leave it float`;
  return `${speed}: the conversions between float and int8 cost more than the kernels gain: leave it float`;
}

/** Cost of a source layer from a profile. */
export function profileCost(profile: Profile): (layer: string) => number {
  const milliseconds = new Map(Object.entries(profile.milliseconds));
  return (layer) => milliseconds.get(layer) ?? 0;
}
