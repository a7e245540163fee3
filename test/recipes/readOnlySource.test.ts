// Where reports go: beside the model, and never into the Hugging Face cache.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placeOfReports } from '../../src/recipes/readOnlySource';
import { refusal, temporaryFolder } from '../support/models';

const model = '/home/a/.cache/huggingface/hub/models--org--tiny/snapshots/0123/onnx/model.onnx';

describe('the place of an optimization\u2019s report', () => {
  it('is beside the model', () => {
    expect(placeOfReports('/models/model.onnx', undefined)).toBe('/models/.lathe');
    expect(placeOfReports('/models/models--org--tiny/model.onnx', '/out/new.onnx')).toBe('/models/models--org--tiny/.lathe');
  });

  it('is beside the result of a model of the Hugging Face cache', () => {
    expect(placeOfReports(model, '/models/out/new.onnx')).toBe('/models/out/.lathe');
  });

  it.each([undefined, '/home/a/.cache/huggingface/hub/models--org--tiny/new.onnx', '/home/a/.cache/huggingface/hub/models--org--tiny/blobs/../snapshots/x.onnx', '/home/a/.cache/huggingface/hub/models--org--other/snapshots/4567/new.onnx'])(
    'is refused within the cache: %s',
    (output) => {
      expect(refusal(() => placeOfReports(model, output))).toEqual({
        code: 'usage',
        file: model,
        message: 'The model lies in the Hugging Face cache, which is only read: the result needs another place.',
        hint: 'Name a file outside of the cache with -o, or as "output" in the recipe.',
      });
    },
  );

  it.runIf(process.platform !== 'win32')('is refused where a link leads into the cache', () => {
    const root = temporaryFolder();
    const snapshot = join(root, 'models--org--tiny', 'snapshots', '0123');
    mkdirSync(snapshot, { recursive: true });
    symlinkSync(snapshot, join(root, 'out'));
    expect(refusal(() => placeOfReports(join(snapshot, 'model.onnx'), join(root, 'out', 'new.onnx')))).toMatchObject({ code: 'usage' });
    expect(placeOfReports(join(snapshot, 'model.onnx'), join(root, 'results', 'new.onnx'))).toBe(join(root, 'results', '.lathe'));
  });
});
