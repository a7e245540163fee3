// One animation frame at a time, drawn only when asked; keeps how long the script of each frame took.

/** Frames whose times are kept. */
const kept = 600;

export class FrameClock {
  private pending = 0;
  private draw: ((now: number) => void) | undefined;
  private readonly times: number[] = [];

  request(draw: (now: number) => void): void {
    this.draw = draw;
    if (this.pending !== 0) return;
    this.pending = requestAnimationFrame((now) => {
      this.pending = 0;
      const start = performance.now();
      this.draw?.(now);
      this.times.push(performance.now() - start);
      if (this.times.length > kept) this.times.shift();
    });
  }

  stop(): void {
    cancelAnimationFrame(this.pending);
    this.pending = 0;
    this.draw = undefined;
  }

  /** Script milliseconds of the last frames, oldest first; forgets them. */
  takeTimes(): number[] {
    return this.times.splice(0);
  }
}
