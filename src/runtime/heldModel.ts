// What the runner asks of a runtime: a model it holds, inputs kept for it, and what it says of itself.
import type { KernelReading, NamedTensors, RuntimeUse, SessionValue } from './messages';

/** A model loaded in the runner, whatever runtime holds it. */
export interface HeldModel {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  /** Takes inputs in the runtime's own form, so that timing does not pay for it. @throws Error for what the runtime cannot be fed */
  hold(feeds: NamedTensors): HeldFeeds;
  /** By whom the last run was done; undefined where the engine knows it from the session's options. */
  use(): RuntimeUse | undefined;
  /** Has the runtime write its profile file. */
  endProfiling(): void;
  /** Milliseconds of each native node over `runs` runs. */
  profile(feeds: HeldFeeds, timing: { readonly warmup: number; readonly runs: number }): Promise<KernelReading>;
  release(): Promise<void> | void;
}

export interface HeldFeeds {
  /** `milliseconds` is the runtime's own, without making the wire's tensors. */
  run(outputs?: readonly string[]): Promise<{ readonly outputs: NamedTensors; readonly milliseconds: number }>;
  /** One run for timing, its outputs computed and let go. */
  once(): Promise<void>;
  dispose(): void;
}
