// The engine's functions: what they load, and where running is impossible.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bindingsKey } from '../../src/engine/documents';
import { cannotRun } from '../../src/engine/service';

const runnable = { format: 'onnx', opsetImports: new Map([['', 17]]) } as const;
const sources = path.join(import.meta.dirname, '..', '..', 'src', 'engine');

describe('the engine’s service', () => {
  it('loads neither runtime nor techniques nor recipes when it is imported', () => {
    for (const file of ['service.ts', 'documents.ts']) {
      const text = fs.readFileSync(path.join(sources, file), 'utf8');
      const loaded = [...text.matchAll(/^import (?!type )[^;]*from '([^']+)'/gm)].map(([, from]) => from);
      for (const from of loaded) expect(from, file).not.toMatch(/runtime|techniques|recipes|advice/);
    }
  });

  it('says why nothing runs on a Mac with an Intel processor, and nothing where it runs', () => {
    expect(cannotRun(runnable, 'darwin', 'x64')).toMatch(/Intel/);
    for (const [platform, architecture] of [['darwin', 'arm64'], ['linux', 'x64'], ['win32', 'x64']] as const) expect(cannotRun(runnable, platform, architecture)).toBeUndefined();
  });

  it('says why a model of no operator set, or of one to come, does not run', () => {
    expect(cannotRun({ ...runnable, opsetImports: new Map() }, 'linux', 'x64')).toBe('The model does not say which operator set it uses.');
    expect(cannotRun({ ...runnable, opsetImports: new Map([['', 9999]]) }, 'linux', 'x64')).toBe('The model uses opset 9999; the newest known is 26.');
  });

  it('runs TensorFlow.js models, which import no operator set', () => {
    expect(cannotRun({ format: 'tfjs-layers', opsetImports: new Map() }, 'linux', 'x64')).toBeUndefined();
  });

  it('knows equal bindings in any order', () => {
    expect(bindingsKey({ a: 1, b: 2 })).toBe(bindingsKey({ b: 2, a: 1 }));
    expect(bindingsKey({ a: 1 })).not.toBe(bindingsKey({ a: 2 }));
  });
});
