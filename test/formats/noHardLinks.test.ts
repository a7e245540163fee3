// Publishing on a file system without hard links (FAT, some network shares): files are moved, and what a killed job left is swept.
import { readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import { openModel } from '../../src/formats/open';
import { publishModel, publishText, sweepOrphans } from '../../src/formats/publish';
import { float32Tensor } from '../../src/tensor/tensor';
import { asyncRefusal, temporaryFolder } from '../support/models';

/** What happens before each move, told how many there were. */
const disk = vi.hoisted((): { moves: number; beforeMove: (move: number, from: string) => void } => ({ moves: 0, beforeMove: () => undefined }));

vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  return {
    ...real,
    link: async () => Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' })),
    rename: async (from, to) => {
      disk.beforeMove(++disk.moves, String(from));
      await real.rename(from, to);
    },
  };
});

beforeEach(() => {
  disk.moves = 0;
  disk.beforeMove = () => undefined;
});

const { signal } = new AbortController();

/** y = x + w, w in an external file. */
function externalModel(): Model {
  const graph = makeGraph('g', { inputs: [tensorValue('x', 'float32', [1])], outputs: [tensorValue('y', 'float32', [2048])], nodes: [makeNode({ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] })] });
  graph.initializers.set('w', { ...float32Tensor('w', [2048], new Float32Array(2048)), storage: 'external' });
  return makeModel(graph);
}

function folderWithSource(): string {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'm.onnx'), 'source');
  return directory;
}

describe('without hard links', () => {
  it('weights and model are moved into place', async () => {
    const directory = folderWithSource();
    openModel(await publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal })).dispose();
    expect(readdirSync(directory).sort()).toEqual(['m.onnx', 'm.x.onnx', 'm.x.onnx.data']);
  });

  it.each([1, 2])('nothing is left where move %i fails', async (at) => {
    const directory = folderWithSource();
    disk.beforeMove = (move) => {
      if (move === at) throw Object.assign(new Error('disk'), { code: 'EIO' });
    };
    expect(await asyncRefusal(() => publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal }))).toMatchObject({ code: 'io' });
    expect(readdirSync(directory)).toEqual(['m.onnx']);
  });

  it('nothing is left where the move of a text fails', async () => {
    const directory = folderWithSource();
    disk.beforeMove = () => {
      throw Object.assign(new Error('disk'), { code: 'EIO' });
    };
    expect(await asyncRefusal(() => publishText(join(directory, 'm.report.json'), '{}'))).toMatchObject({ code: 'io' });
    expect(readdirSync(directory)).toEqual(['m.onnx']);
  });

  it.each([
    [1, 'the weights'],
    [2, 'the model'],
  ])('a job killed before move %i, of %s, leaves what the next job sweeps', async (at) => {
    const directory = folderWithSource();
    let left: string[] = [];
    disk.beforeMove = (move, from) => {
      if (move !== at) return;
      // To others the folder is now one of a job on another machine, long dead.
      const orphan = join(directory, '.lathe-00000000-1-abcdef.tmp');
      renameSync(dirname(from), orphan);
      utimesSync(orphan, 1, 1);
      sweepOrphans(directory);
      left = readdirSync(directory);
    };
    await expect(publishModel(externalModel(), { directory, stem: 'm', tag: 'x', signal })).rejects.toThrow();
    expect(left).toEqual(['m.onnx']);
  });
});
