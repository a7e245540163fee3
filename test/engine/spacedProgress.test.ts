// Progress between engine and editor: seldom, and never a stale word left standing.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpacedProgress } from '../../src/engine/spacedProgress';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function told(): { readonly messages: string[]; readonly progress: SpacedProgress } {
  const messages: string[] = [];
  return { messages, progress: new SpacedProgress(({ message }) => messages.push(message), 50) };
}

describe('spaced progress', () => {
  it('ends with the newest word of a burst, as that is what holds while the work waits', () => {
    const { messages, progress } = told();
    for (const message of ['comparing', 'measuring', 'waiting for another benchmark to end']) progress.report({ message });
    expect(messages).toEqual(['comparing']);
    vi.advanceTimersByTime(50);
    expect(messages).toEqual(['comparing', 'waiting for another benchmark to end']);
  });

  it('tells at most one word per interval', () => {
    const { messages, progress } = told();
    for (let i = 0; i < 1000; i += 1) {
      progress.report({ message: String(i) });
      vi.advanceTimersByTime(1);
    }
    expect(messages.length).toBeLessThanOrEqual(1000 / 50 + 1);
    expect(messages.length).toBeGreaterThanOrEqual(1000 / 50 - 1);
  });

  it('tells the end at once, and nothing older after it', () => {
    const { messages, progress } = told();
    progress.report({ message: 'a' });
    progress.report({ message: 'b' });
    progress.report({ message: 'done', fraction: 1 });
    vi.advanceTimersByTime(200);
    expect(messages).toEqual(['a', 'done']);
  });

  it('says nothing once the work has ended', () => {
    const { messages, progress } = told();
    progress.report({ message: 'a' });
    progress.report({ message: 'b' });
    progress.dispose();
    vi.advanceTimersByTime(200);
    expect(messages).toEqual(['a']);
  });
});
