// Where the text of a model lives, which line a finding stands on, and what is said there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { compareFindings, nodeAtLine, placeFindings } from '../../src/extension/findingLines';
import { modelParts, textParts } from '../../src/extension/textUri';
import { remainingPhrase } from '../../src/extension/remaining';
import { costPhrase, errorSentence, fixPhrase, gainPhrase, rollUpPhrase } from '../../src/extension/wording';
import type { TextDocument } from '../../src/protocol/engine';
import type { Finding, Fix } from '../../src/protocol/findings';

const text: TextDocument = {
  text: '',
  nodes: [
    { key: 'conv', line: 4, length: 30 },
    { key: 'relu', line: 7, length: 12 },
  ],
  values: [{ name: 'w', line: 2 }],
  symbols: [],
};

const fix: Fix = { id: 'f', title: 'Quantize to int8 (static)', technique: 'quantize-static', options: {}, estimate: { weightBytes: { low: -1.8e6, high: -1.6e6 }, milliseconds: { low: -0.7, high: -0.7 }, device: 'this machine' } };

function finding(overrides: Partial<Finding>): Finding {
  return { code: 'oversized-layer', severity: 'information', message: 'm', cost: {}, fixes: [], ...overrides };
}

describe('the URI of a model’s text', () => {
  it('leads back to the model, and never ends in .onnx, which the model view would claim', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (authority, path) => {
        const made = textParts({ scheme: 'file', authority, path });
        expect(made.path.endsWith('.onnx')).toBe(false);
        expect(modelParts(made)).toEqual({ scheme: 'file', authority, path });
      }),
    );
  });

  it('is not made from other URIs', () => {
    expect(modelParts({ scheme: 'file', authority: '', path: '/a.onnx.onnxtxt' })).toBeUndefined();
    expect(modelParts({ scheme: 'onnx-text', authority: '', path: '/a.onnx' })).toBeUndefined();
  });
});

describe('findings on lines', () => {
  it('stand on their node, else on their value, else on the first line', () => {
    const placed = placeFindings([finding({ layer: 'relu' }), finding({ value: 'w' }), finding({ layer: 'elsewhere', value: 'w' }), finding({})], text);
    expect(placed.map(({ line }) => line)).toEqual([7, 2, 2, 0]);
    expect(placed[0]?.length).toBe(12);
  });

  it('come errors first, then by cost', () => {
    const small = finding({ cost: { bytes: 1 } });
    const large = finding({ cost: { bytes: 9 } });
    const slow = finding({ cost: { milliseconds: 1 } });
    const wrong = finding({ severity: 'error' });
    expect([small, large, slow, wrong].sort(compareFindings)).toEqual([wrong, slow, large, small]);
  });

  it('stay below the thousand that VS Code shows of one file', () => {
    expect(placeFindings(Array.from({ length: 3000 }, () => finding({})), text).length).toBeLessThan(1000);
  });

  it('a line between nodes belongs to none', () => {
    expect(nodeAtLine(text, 4)?.key).toBe('conv');
    expect(nodeAtLine(text, 7)?.key).toBe('relu');
    for (const line of [0, 5, 8, 1000]) expect(nodeAtLine(text, line)).toBeUndefined();
    expect(nodeAtLine({ ...text, nodes: [] }, 0)).toBeUndefined();
  });
});

describe('what is said', () => {
  it('names costs with their unit, and time as measured here', () => {
    expect(costPhrase({ key: 'k', parameters: 2_360_000, macs: 115_600_000, weightBytes: 1, milliseconds: 1.42 })).toBe('2.36 M parameters · 116 MMACs · 1.42 ms measured here');
    expect(costPhrase({ key: 'k', parameters: 0, macs: null, weightBytes: 0 })).toBe('');
  });

  it('labels every gain an estimate, as a range, on a device', () => {
    expect(gainPhrase(fix.estimate)).toBe('est. −1.80 MB to −1.60 MB · −700 µs on this machine');
    expect(gainPhrase({})).toBe('no estimate');
    expect(fixPhrase({ ...fix, estimate: { macs: { low: -1e6, high: 0 } } })).toBe('Quantize to int8 (static) (est. −1.00 MMACs to 0)');
  });

  it('rolls findings up into one line that leads with the costliest', () => {
    expect(rollUpPhrase([finding({ message: 'Conv holds 40 % of the weights', fixes: [fix] }), finding({})])).toBe('2 findings, 1 fix to try. First: Conv holds 40 % of the weights');
    expect(rollUpPhrase([finding({ message: 'x' })])).toBe('1 finding, no automatic fix. First: x');
  });

  it('tells an error with file, item and what to do, each once', () => {
    expect(errorSentence(new LatheError('malformed', 'The data are short.', { file: '/tmp/a.onnx', item: 'tensor w', hint: 'Save it again.' }))).toBe('a.onnx: The data are short. (tensor w) Save it again.');
    expect(errorSentence(new LatheError('malformed', 'tensor w is short.', { item: 'tensor w' }))).toBe('tensor w is short.');
  });

  it('says how long a job will take once the rate means something', () => {
    expect(remainingPhrase(0.01, 60_000)).toBeUndefined();
    expect(remainingPhrase(0.5, 1000)).toBeUndefined();
    expect(remainingPhrase(undefined, 60_000)).toBeUndefined();
    expect(remainingPhrase(0.5, 8000)).toBe('about 8 s left');
    expect(remainingPhrase(0.25, 14_000)).toBe('about 45 s left');
    expect(remainingPhrase(0.1, 60_000)).toBe('about 9 min left');
    expect(remainingPhrase(1, 60_000)).toBeUndefined();
  });
});
