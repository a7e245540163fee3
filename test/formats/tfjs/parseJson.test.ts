// The JSON parser of model.json: what it makes is what JSON.parse makes, what it refuses is what JSON.parse refuses, and keys that stand twice besides.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/formats/tfjs/parseJson';
import { refusal } from '../../support/models';

const parsed = (text: string): unknown => parseJson(Buffer.from(text), 'model.json').document;

/** A text as JSON.parse sees it: what it makes, or that it refuses. */
function verdict(parse: (text: string) => unknown, text: string): unknown {
  try {
    return { value: parse(text) };
  } catch {
    return 'refused';
  }
}

describe('a JSON text', () => {
  it('becomes what JSON.parse makes of it, compact or spread over lines', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parsed(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('is refused where JSON.parse refuses it, wherever a byte is changed, left out or added', () => {
    const text = '{"a":[1,-0.5e+3,true,null,"x\\n\\u00e9ü"],"attr":{"b":{"i":"12"}},"c":"\\ud83d"} ';
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 'x', ' ', '\u0001', 'é'), fc.boolean(), (at, put, replaced) => {
        const changed = text.slice(0, at) + put + text.slice(replaced ? at + 1 : at);
        const theirs = verdict((each) => JSON.parse(each) as unknown, changed);
        expect(verdict(parsed, changed)).toEqual(theirs);
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['', ' ', '01', '-', '+1', '.5', '1.', '1e', '1e400', '-0', '12345678901234567890', '0.1', '1E-7', 'tru', 'truex', 'nul', '"', '"\\', '"\\x"', '"\\u12"', '"a\nb"', '[1,]', '[,1]', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '1 2', '\ufeff1', '[1}', '{"__proto__":{"x":1}}', '{"":1}', '{"1":1,"0":2}'])('%j is taken as JSON.parse takes it', (text) => {
    const theirs = verdict((each) => JSON.parse(each.replace(/^\ufeff/, '')) as unknown, text);
    const ours = verdict(parsed, text);
    expect(ours).toEqual(theirs);
    if (theirs !== 'refused') expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
  });

  it('gives a key __proto__ to the object, not to what all objects share', () => {
    const value = parsed('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value['polluted']).toBeUndefined();
  });

  it('keeps long and equal strings apart from others as long', () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `${'layer/'.repeat(i % 40)}${i}`);
    const text = JSON.stringify([...texts, ...texts]);
    expect(parsed(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['in the same writing', '{"a":1,"b":2,"a":3}'],
    ['in another writing', '{"a":1,"\\u0061":3}'],
    ['of nothing', '{"":1,"":3}'],
    ['__proto__', '{"__proto__":1,"__proto__":3}'],
  ])('with a key twice is refused: %s', (_, text) => {
    expect(refusal(() => parsed(text))).toMatchObject({ code: 'malformed', message: expect.stringContaining('stands twice in one object') as unknown });
  });

  it('with attributes written out at every node gives each its own, also where they differ in the last letter', () => {
    const node = (op: string, attr: object): object => ({ name: 'n', op, attr });
    const text = JSON.stringify({ node: [node('A', { T: { type: 'DT_FLOAT' } }), node('A', { T: { type: 'DT_INT32' } }), node('B', { T: { type: 'DT_FLOAT' } }), node('A', { T: { type: 'DT_FLOAT' } }), node('A', {}), node('A', {})] });
    const { document, ranges } = parseJson(Buffer.from(text), 'model.json');
    expect(document).toEqual(JSON.parse(text));
    const places = ranges.get('node') ?? [];
    expect(places.length).toBe(12);
    for (let i = 0; i < places.length; i += 2) expect(JSON.parse(text.slice(places[i], places[i + 1]))).toEqual((JSON.parse(text) as { node: object[] }).node[i / 2]);
  });
});
