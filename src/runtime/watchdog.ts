// How long a runner may take before it counts as hung, and the clock that ends the wait.
import { LatheError } from '../base/errors';

/** No model, however small, is given less: the machine may be busy. */
const leastBudgetMs = 10_000;
const rooflineFactor = 20;
/** Slow enough for a network drive; 50 MB/s. */
const bytesPerMs = 50_000;

export interface Workload {
  /** Roofline estimate of one run. */
  readonly estimateMs?: number;
  /** Bytes of the model and its feeds. */
  readonly bytes?: number;
  /** How many runs one request makes. */
  readonly runs?: number;
}

/** Milliseconds before the watchdog kills a runner: max(10 s, 20 × the roofline estimate + bytes / 50 MB/s). */
export function watchdogBudgetMs({ estimateMs = 0, bytes = 0, runs = 1 }: Workload): number {
  return Math.max(leastBudgetMs, rooflineFactor * estimateMs * runs + bytes / bytesPerMs);
}

/** Asked when a budget is spent: wait once more as long, or stop. Without one the runner is killed. */
export type OverBudget = (elapsedMs: number, what: string) => Promise<'wait' | 'stop'>;

/** A first budget, and where that is spent the full one, which takes longer to work out. */
export interface Budget {
  readonly milliseconds: number;
  readonly full?: () => number;
}

/** Calls `expire` once the budget is spent, unless stopped before or told to wait on. */
export class Watchdog {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly start = performance.now();
  private extended = false;

  constructor(
    private readonly budget: Budget,
    private readonly what: string,
    private readonly expire: (error: LatheError) => void,
    private readonly ask: OverBudget | undefined,
  ) {
    this.arm(budget.milliseconds);
  }

  private arm(milliseconds: number): void {
    // Node's timers overflow beyond 2^31 - 1 ms.
    this.timer = setTimeout(() => void this.ring(), Math.min(milliseconds, 2 ** 31 - 1));
  }

  /** Milliseconds that are left once the full budget is known. */
  private extension(elapsed: number): number {
    if (this.extended) return 0;
    this.extended = true;
    return (this.budget.full?.() ?? 0) - elapsed;
  }

  private async ring(): Promise<void> {
    const elapsed = performance.now() - this.start;
    const extension = this.extension(elapsed);
    if (extension > 0) {
      this.arm(extension);
      return;
    }
    const verdict = this.ask === undefined ? 'stop' : await this.ask(elapsed, this.what).catch(() => 'stop' as const);
    if (this.stopped) return;
    if (verdict === 'wait') this.arm(elapsed);
    else this.expire(timedOut(this.what, elapsed));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}

function timedOut(what: string, elapsedMs: number): LatheError {
  return new LatheError('timeout', `The runtime did not finish ${what} within ${(elapsedMs / 1000).toFixed(elapsedMs < 10_000 ? 1 : 0)} s; the runner was stopped.`, {
    hint: 'If the model is merely slow, allow more time with --timeout (seconds).',
  });
}
