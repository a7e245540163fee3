// Progress told at most so often, the newest word never lost: a tight loop does not flood the channel, and what stands for long is what holds.
import type { Disposable } from '../base/disposable';
import type { Progress, ReportProgress } from '../base/cancellation';

/**
 * Tells the first progress at once, and of those that follow within the interval the newest when it is over; what is complete
 * is told at once.
 */
export class SpacedProgress implements Disposable {
  private pending: Progress | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly tell: ReportProgress,
    private readonly intervalMs: number,
  ) {}

  readonly report: ReportProgress = (progress) => {
    if (this.timer !== undefined && progress.fraction !== 1) {
      this.pending = progress;
      return;
    }
    this.tellNow(progress);
  };

  /** Drops what is held back: the work has ended. */
  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pending = undefined;
  }

  private tellNow(progress: Progress): void {
    this.dispose();
    this.tell(progress);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.pending !== undefined) this.tellNow(this.pending);
    }, this.intervalMs);
  }
}
