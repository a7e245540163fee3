// `lathe text`: what a person or git gets to read.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { parseModelText } from '../../src/formats/text/read';
import { modelBytes, modelFile, temporaryFolder } from '../support/models';
import { lathe } from './support';

const weights = (value: number): Uint8Array => modelBytes({ initializer: [{ name: 'w', data_type: 1, dims: [100], raw_data: new Uint8Array(400).fill(value) }], doc_string: 'd'.repeat(value) });

describe('lathe text', () => {
  it('prints a text that is the model again', () => {
    const path = modelFile(weights(1));
    const { status, stdout, stderr } = lathe('text', path);
    expect([status, stderr]).toEqual([0, '']);
    const source = readOnnxModel(path);
    try {
      expect(parseModelText(stdout, { source }).graph.initializers).toEqual(source.graph.initializers);
    } finally {
      source.dispose();
    }
  });

  it('writes it to a new file, and replaces none', () => {
    const path = modelFile(weights(1));
    const output = join(temporaryFolder(), 'model.onnxtxt');
    expect(lathe('text', path, '-o', output)).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(output, 'utf8')).toBe(lathe('text', path).stdout);
    const second = lathe('text', path, '-o', output);
    expect(second.status).toBe(2);
    expect(second.stderr).toContain('nothing is replaced');
  });

  it('lets git show what changed in a model, weights by their content', () => {
    const folder = temporaryFolder();
    const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: folder, encoding: 'utf8' });
    git('init', '-q');
    git('config', 'diff.onnx.textconv', `"${process.execPath}" "${join(import.meta.dirname, '../../dist/cli.js')}" text --weights content`);
    writeFileSync(join(folder, '.gitattributes'), '*.onnx diff=onnx\n');
    writeFileSync(join(folder, 'model.onnx'), weights(1));
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    writeFileSync(join(folder, 'model.onnx'), weights(2));
    const changed = git('diff').split('\n').filter((line) => /^[-+] /.test(line));
    expect(changed).toHaveLength(2);
    for (const line of changed) expect(line).toMatch(/^[-+] {2}float\[100\] w = \["checksum": "[0-9a-f]{40}"\]$/);
    // Other places in the file are no difference.
    writeFileSync(join(folder, 'model.onnx'), modelBytes({ initializer: [{ name: 'w', data_type: 1, dims: [100], raw_data: new Uint8Array(400).fill(1) }], doc_string: 'moved' }));
    expect(git('diff')).not.toContain('checksum');
    expect(existsSync(join(folder, 'model.onnx'))).toBe(true);
  });
});
