// What the options of `lathe` mean.
import { describe, expect, it } from 'vitest';
import { parseBindings, parseTarget } from '../../src/cli/arguments';

describe('--bind', () => {
  it('may be given several times, each adding to those before', () => {
    expect(parseBindings('batch=2,past=0', parseBindings('seq=64,batch=1'))).toEqual({ seq: 64, batch: 2, past: 0 });
  });
});

describe('--target', () => {
  it('is a device by the start of its name', () => {
    expect(parseTarget('raspberry pi 5')).toBe('Raspberry Pi 5 (4 × Cortex-A76)');
    expect(parseTarget('this machine')).toBe('this machine');
  });
  it.each(['abacus', 'Raspberry Pi'])('is refused as “%s”, with the names there are', (name) => {
    expect(() => parseTarget(name)).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('Apple M1') as unknown }));
  });
});
