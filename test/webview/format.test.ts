// Numbers as the pages print them, and the colour scale they stand on.
import { describe, expect, it } from 'vitest';
import { contrast, cividis, luminance, textOn } from '../../webview/common/cividis';
import { baseName, formatAge, formatBytes, formatChange, formatCount, formatMilliseconds, formatRatio, formatShape, formatShare, significant } from '../../webview/common/format';
import { visible } from '../../webview/common/visible';

describe('numbers', () => {
  it('have three significant digits and never an exponent', () => {
    expect([0, 9.996, 25.557, 0.0312, 1234.5].map((value) => significant(value))).toEqual(['0', '10.0', '25.6', '0.0312', '1,235']);
    expect(significant(-0.5)).toBe('−0.500');
  });
  it('take the unit their rounded figure belongs to', () => {
    expect([9_408, 36_864, 25_557_032, 4_089_000_000].map(formatCount)).toEqual(['9,408', '36.9 k', '25.6 M', '4.09 G']);
    expect([512, 999_900, 102_228_128].map(formatBytes)).toEqual(['512 B', '1.00 MB', '102 MB']);
    expect([0.0042, 0.88, 1.42, 51.2, 12_345].map(formatMilliseconds)).toEqual(['4.20 µs', '0.88 ms', '1.42 ms', '51.2 ms', '12.3 s']);
  });
  it('say a ratio in words and never bare', () => {
    const words = { less: 'faster', more: 'slower' };
    expect([0.5, 1.2, 0.05].map((ratio) => formatRatio(ratio, words))).toEqual(['2.00× faster', '1.20× slower', '20× faster']);
    expect(formatRatio(Number.NaN, words)).toBe('–');
  });
  it('say shares, changes, ages, shapes and names as a person would', () => {
    expect([0.045, 0.33, 0.0002, 0].map(formatShare)).toEqual(['4.5 %', '33 %', '< 0.1 %', '0.0 %']);
    expect(formatChange(-25e6, formatBytes)).toBe('−25.0 MB');
    expect(formatAge('2025-01-01T10:00:00Z', Date.parse('2025-01-01T10:12:30Z'))).toBe('12 min ago');
    expect(formatShape([1, 'batch', null])).toBe('1 × batch × ?');
    expect([baseName('/a/b.onnx'), baseName('C:\\a\\b.onnx')]).toEqual(['b.onnx', 'b.onnx']);
  });
  it('show what could hide in a name', () => {
    expect(visible('a\u202Eb\u0000c')).toBe('a\\u{202e}b\\u{0}c');
    expect(visible('x'.repeat(1_000_000)).length).toBeLessThan(2_100);
  });
});

describe('cividis', () => {
  it('runs from dark blue to yellow with ever greater luminance', () => {
    expect([cividis(0), cividis(1)]).toEqual([[0x00, 0x20, 0x4d], [0xff, 0xea, 0x46]]);
    const along = Array.from({ length: 101 }, (_, index) => luminance(cividis(index / 100)));
    expect(along.every((value, index) => index === 0 || value > (along[index - 1] ?? 1))).toBe(true);
  });
  it('carries text of at least the contrast that WCAG asks for (4.5), everywhere', () => {
    for (let position = 0; position <= 1; position += 0.01) expect(contrast(luminance(cividis(position)), textOn(position) === '#000000' ? 0 : 1)).toBeGreaterThan(4.5);
  });
});
