// Settings: those a folder may have of its own are read for the model's place, and what is written by hand is checked.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { readEngineSettings, readModelSettings } = await import('../../src/extension/settings');

const read = (path: string): unknown => readModelSettings(new FakeUri('file', path) as never);
const defaults = { threads: 1, provider: 'cpu', oversizedShare: 0.5, oversizedMinimum: 0.05 };

afterEach(() => fakeVscode.configuration.clear());

describe('settings', () => {
  it('are those of the model’s folder', () => {
    fakeVscode.configuration.set('/a/m.onnx modelLathe.threads', 4);
    fakeVscode.configuration.set('/a/m.onnx modelLathe.oversized.share', 0.8);
    expect(read('/a/m.onnx')).toEqual({ ...defaults, threads: 4, oversizedShare: 0.8 });
    expect(read('/b/m.onnx')).toEqual(defaults);
  });

  it('out of range are the defaults', () => {
    for (const [name, value] of [['threads', 0], ['provider', 'abacus'], ['oversized.share', 'half'], ['oversized.minimum', 2]] as const) fakeVscode.configuration.set(`/a/m.onnx modelLathe.${name}`, value);
    expect(read('/a/m.onnx')).toEqual(defaults);
  });

  it('of the machine are the same for every model', () => {
    expect(readEngineSettings()).toEqual({});
    fakeVscode.configuration.set(' modelLathe.nodePath', ' /usr/bin/node ');
    expect(readEngineSettings()).toEqual({ nodePath: '/usr/bin/node' });
  });
});
