// The benchmark view's state and how messages and choices change it. Pure.
import type { ErrorJson } from '../../src/base/errors';
import type { OptimizationReport } from '../../src/protocol/report';
import type { ToBenchmarkView } from '../../src/protocol/view';
import { type Job, withJob, withoutJob } from '../common/jobs';

export interface BenchmarkState {
  readonly model: string | null;
  /** Newest first; undefined until the extension has answered. */
  readonly reports: readonly OptimizationReport[] | undefined;
  /** Start time of the report shown; undefined = the newest. */
  readonly report: string | undefined;
  readonly variant: string | undefined;
  readonly jobs: readonly Job[];
  readonly error: ErrorJson | undefined;
}

export interface KeptBenchmarkState {
  readonly report: string | null;
  readonly variant: string | null;
}

export type BenchmarkAction =
  | { readonly type: 'message'; readonly message: ToBenchmarkView }
  | { readonly type: 'report'; readonly report: string }
  | { readonly type: 'variant'; readonly variant: string }
  | { readonly type: 'closeError' };

export function startState(kept: Partial<KeptBenchmarkState>): BenchmarkState {
  return { model: null, reports: undefined, report: kept.report ?? undefined, variant: kept.variant ?? undefined, jobs: [], error: undefined };
}

export function reduce(state: BenchmarkState, action: BenchmarkAction): BenchmarkState {
  switch (action.type) {
    case 'message':
      return receive(state, action.message);
    case 'report':
      return { ...state, report: action.report, variant: undefined };
    case 'variant':
      return { ...state, variant: action.variant };
    case 'closeError':
      return { ...state, error: undefined };
    default:
      return action satisfies never;
  }
}

function receive(state: BenchmarkState, message: ToBenchmarkView): BenchmarkState {
  switch (message.type) {
    case 'reports': {
      // Another model, or a report that was not there before: the newest is what the person waits for.
      const isNew = message.reports[0]?.startedAt !== state.reports?.[0]?.startedAt && state.reports !== undefined;
      const reset = isNew || (state.reports !== undefined && message.model !== state.model);
      return { ...state, model: message.model, reports: message.reports, error: undefined, ...(reset ? { report: undefined, variant: undefined } : {}) };
    }
    case 'busy':
      return { ...state, error: undefined, jobs: withJob(state.jobs, message) };
    case 'idle':
      return { ...state, jobs: withoutJob(state.jobs, message.job) };
    case 'error':
      return { ...state, error: message.error };
    default:
      return message satisfies never;
  }
}
