// What a language model is told of a model: unknown figures in words, the costliest layers first.
import { describe, expect, it, vi } from 'vitest';
import { resnet50 } from '../webview/fixtures';
import { fakeVscode } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { describeModel, registerLanguageTools } = await import('../../src/extension/languageTools');

interface Tool {
  prepareInvocation(options: { readonly input: unknown }): unknown;
  invoke(options: { readonly input: unknown }): Promise<unknown>;
}

describe('the input of a tool', () => {
  registerLanguageTools({} as never, () => Promise.reject(new Error('No work is to be done.')));
  const tool = (name: string): Tool => fakeVscode.tools.get(name) as Tool;

  it.each([
    ['inspect_onnxModel', {}], ['inspect_onnxModel', { path: 7 }], ['inspect_onnxModel', { path: 'model.onnx' }], ['inspect_onnxModel', { path: '/etc/passwd' }],
    ['optimize_onnxModel', { fix: 'a' }], ['optimize_onnxModel', { path: ['/a.onnx'], fix: 'a' }],
  ])('%s with %j is refused before anything is said of it', (name, input) => {
    expect(() => tool(name).prepareInvocation({ input })).toThrow('The path must be the absolute path of an .onnx file.');
  });

  it('is refused where the fix is no id', () => {
    expect(() => tool('optimize_onnxModel').prepareInvocation({ input: { path: '/a.onnx' } })).toThrow('The fix must be the id of one that inspect_onnxModel names.');
  });

  it('is named to the person by the file alone', () => {
    expect(tool('inspect_onnxModel').prepareInvocation({ input: { path: '/models/a.onnx' } })).toEqual({ invocationMessage: 'Inspecting a.onnx' });
    expect(tool('optimize_onnxModel').prepareInvocation({ input: { path: '/models/a.onnx', fix: 'simplify' } })).toMatchObject({ confirmationMessages: { title: 'Optimize a.onnx?' } });
  });
});

describe('the layers that a language model is told of', () => {
  const snapshot = resnet50();
  const macs = Float64Array.from(snapshot.layers.macs, (value, i) => (i % 2 === 0 ? Number.NaN : value));
  const lines = describeModel({ ...snapshot, layers: { ...snapshot.layers, macs } }, []).split('\n').filter((line) => line.startsWith('- '));
  const told = lines.map((line) => line.split(', ').at(-1));

  it('come by their MACs, whatever is unknown between them', () => {
    const known = macs.filter((value) => value > 0).sort().reverse();
    expect(told).toEqual([...known.slice(0, told.length)].map(String));
  });

  it('have unknown MACs in words', () => {
    const none = describeModel({ ...snapshot, layers: { ...snapshot.layers, macs: macs.map(() => Number.NaN) } }, []);
    expect(none).not.toContain('NaN');
    expect(none).toMatch(/, unknown$/m);
  });
});
