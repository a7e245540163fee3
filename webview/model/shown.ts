// A model as it is shown: the snapshot with everything derived from it once, and how its table is ordered.
import type { Finding } from '../../src/protocol/findings';
import type { Profile } from '../../src/protocol/measurement';
import type { ModelSnapshot } from '../../src/protocol/view';
import type { Structure } from './structure';

export interface Shown {
  readonly snapshot: ModelSnapshot;
  readonly structure: Structure;
  readonly findings: readonly Finding[];
  readonly profile: Profile | undefined;
  /** Measured milliseconds per layer, NaN where fused or not run; undefined before a profile. */
  readonly latency: Float64Array | undefined;
}

export type ColumnId = 'layer' | 'operator' | 'output' | 'parameters' | 'macs' | 'weightBytes' | 'activationBytes' | 'latency' | 'sensitivity' | 'layerError' | 'share' | 'findings';

export interface Sort {
  readonly column: ColumnId;
  readonly descending: boolean;
}
