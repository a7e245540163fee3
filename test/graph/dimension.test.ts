// Symbolic dimensions: the normal form, and every rule held against plain numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as dimension from '../../src/graph/dimension';
import type { Dimension } from '../../src/graph/dimension';

const { addDimensions, ceilDivide, evaluateDimension, floorDivide, formatDimension, maxDimension, minDimension, multiplyDimensions, parseDimension, subtractDimensions, symbol, symbolsOf } = dimension;

/** An expression with the same computation on numbers beside it. */
interface Pair {
  readonly dimension: Dimension;
  readonly value: (bindings: ReadonlyMap<string, number>) => number;
}

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.integer({ min: -20, max: 40 }).map((value): Pair => ({ dimension: value, value: () => value })),
  fc.constantFrom('H', 'W', 'batch', 'past-length').map((name): Pair => ({ dimension: symbol(name), value: (bindings) => bindings.get(name) ?? Number.NaN })),
);

const binary: readonly (readonly [(a: Dimension, b: Dimension) => Dimension, (a: number, b: number) => number])[] = [
  [addDimensions, (a, b) => a + b],
  [subtractDimensions, (a, b) => a - b],
  [multiplyDimensions, (a, b) => a * b],
  [maxDimension, Math.max],
  [minDimension, Math.min],
];

const { expression } = fc.letrec<{ expression: Pair }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.tuple(fc.constantFrom(...binary), tie('expression'), tie('expression')).map(([[symbolic, plain], a, b]): Pair => ({ dimension: symbolic(a.dimension, b.dimension), value: (bindings) => plain(a.value(bindings), b.value(bindings)) })),
    fc.tuple(tie('expression'), fc.integer({ min: 1, max: 7 })).map(([a, by]): Pair => ({ dimension: floorDivide(a.dimension, by), value: (bindings) => Math.floor(a.value(bindings) / by) })),
    fc.tuple(tie('expression'), fc.integer({ min: 1, max: 7 })).map(([a, by]): Pair => ({ dimension: ceilDivide(a.dimension, by), value: (bindings) => Math.ceil(a.value(bindings) / by) })),
  ),
}));

const bindings = fc.record({ H: fc.integer({ min: 1, max: 300 }), W: fc.integer({ min: 1, max: 300 }), batch: fc.integer({ min: 1, max: 9 }), 'past-length': fc.integer({ min: 1, max: 50 }) }).map((values) => new Map(Object.entries(values)));

describe('symbolic dimensions', () => {
  it('evaluate to what the same computation gives on numbers', () => {
    fc.assert(
      fc.property(expression, bindings, ({ dimension, value }, bound) => {
        const truth = value(bound);
        if (dimension === undefined || !Number.isSafeInteger(truth)) return;
        expect(evaluateDimension(dimension, bound)).toBe(truth + 0);
      }),
      { numRuns: 500 },
    );
  });

  it('read back from their own text', () => {
    fc.assert(
      fc.property(expression, bindings, ({ dimension }, bound) => {
        if (dimension === undefined) return;
        const read = parseDimension(formatDimension(dimension));
        expect(evaluateDimension(read, bound)).toBe(evaluateDimension(dimension, bound));
      }),
      { numRuns: 300 },
    );
  });

  it('never lie below their lower bound', () => {
    fc.assert(
      fc.property(expression, bindings, ({ dimension: found }, bound) => {
        const value = evaluateDimension(found, bound);
        if (value !== undefined) expect(value).toBeGreaterThanOrEqual(dimension.lowerBound(found));
      }),
      { numRuns: 300 },
    );
  });

  it('have one text for equal expressions', () => {
    const [h, w] = [symbol('H'), symbol('W')];
    expect(formatDimension(addDimensions(multiplyDimensions(w, 2), h))).toBe(formatDimension(addDimensions(h, addDimensions(w, w))));
    expect(formatDimension(subtractDimensions(addDimensions(h, w), w))).toBe('H');
    expect(formatDimension(addDimensions(floorDivide(subtractDimensions(h, 1), 2), 1))).toBe('floor((H + 1) / 2)');
  });

  it('join nested strides into one fraction', () => {
    const halved = addDimensions(floorDivide(subtractDimensions(symbol('H'), 1), 2), 1);
    const again = addDimensions(floorDivide(subtractDimensions(halved, 1), 2), 1);
    expect(formatDimension(again)).toBe('floor((H + 3) / 4)');
  });

  it('divide exactly where a factor is shared', () => {
    const area = multiplyDimensions(multiplyDimensions(symbol('batch'), 12), symbol('seq'));
    expect(formatDimension(dimension.divideExactly(multiplyDimensions(area, 64), multiplyDimensions(symbol('batch'), 768)))).toBe('seq');
    expect(dimension.divideExactly(area, 5)).toBeUndefined();
  });

  it('keep names that are no expressions whole', () => {
    for (const name of ['batch-size', 'unk__12', 'p2o.DynamicDimension.0', 'a/b', '__proto__', 'constructor(x)', '?', '(', '日本']) expect(formatDimension(parseDimension(name))).toBe(name);
    expect(symbolsOf(parseDimension('past_sequence_length + sequence_length'))).toEqual(['past_sequence_length', 'sequence_length']);
    expect(evaluateDimension(parseDimension('2*s0 - 1'), new Map([['s0', 5]]))).toBe(9);
  });

  it('count as unknown when they grow beyond what people write', () => {
    let grown: Dimension = symbol('a');
    for (let i = 0; i < 40 && grown !== undefined; i++) grown = multiplyDimensions(grown, addDimensions(symbol(`s${i}`), symbol(`t${i}`)));
    expect(grown).toBeUndefined();
  });

  it('count as unknown when a product is multiplied by itself again and again', () => {
    let power: Dimension = symbol('N');
    for (let i = 0; i < 60; i++) power = multiplyDimensions(power, power);
    expect(power).toBeUndefined();
    let tripled: Dimension = symbol('N');
    for (let i = 0; i < 60; i++) tripled = multiplyDimensions(tripled, 3); // 3^60 > 2^53: no double holds it
    expect(tripled).toBeUndefined();
  });

  it('are names where their text multiplies or nests more than people do', () => {
    const product = Array.from({ length: 9999 }, () => 'a').join('*');
    const nested = `${'('.repeat(9000)}N${')'.repeat(9000)}`;
    const negated = '- '.repeat(9000) + 'N';
    for (const text of [product, nested, negated]) expect(parseDimension(text)).toMatchObject({ text, terms: [{ factors: [{ kind: 'symbol', name: text }] }] });
    expect(formatDimension(parseDimension(`${'('.repeat(60)}N + 1${')'.repeat(60)}`))).toBe('N + 1');
  });

  it('keep a name of any length through arithmetic that changes nothing', () => {
    const long = symbol('n'.repeat(10_000));
    expect(dimension.substituteDimension(long, new Map([['other', 1]]))).toEqual(long);
  });
});
