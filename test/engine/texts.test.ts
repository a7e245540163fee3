// The words of a text: what they name, where it is made, and what is known of it.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { printText, Texts } from '../../src/engine/texts';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { printModel } from '../../src/formats/text/print';
import { textTokenTypes, type TextRange } from '../../src/protocol/engine';
import { floatType, modelBytes, refusal, temporaryFolder } from '../support/models';

const text = `<ir_version: 8, opset_import: ["": 17, "own": 1]>
main (float[N,4] x, bool flag) => (float[N,3] "out/1")
<
  float[4,3] w = {1,2,3,4,5,6,7,8,9,10,11,-12},
  float[N,3] h
>
{
  [fc] h = MatMul (x, w)
  y = If (flag) <
    then_branch = a () => (t) { t = Relu (h) },
    else_branch = b () => (t) { t = Neg (h) }
  >
  "out/1" = own.Twice (y)
}
<domain: "own", opset_import: ["": 17]>
Twice (x) => (y) { y = Add (x, x) }
`;
const lines = text.split('\n');
const uri = 'file:///a.onnxtxt';
const of = { uri, version: 1 };
const texts = new Texts();
await texts.read(uri, 1, text, undefined);

/** Place of the n-th occurrence of some words on a line. */
function at(line: number, words: string, n = 0): [number, number] {
  let character = -1;
  for (let i = 0; i <= n; i++) character = (lines[line] ?? '').indexOf(words, character + 1);
  expect(character).toBeGreaterThanOrEqual(0);
  return [line, character];
}
const shown = (range: TextRange | undefined): string => (range === undefined ? '' : `${range.line}:${(lines[range.line] ?? '').slice(range.character, range.endCharacter)}`);
const placesOf = (line: number, words: string, n = 0): string[] => texts.word(of, ...at(line, words, n))?.places.map(({ range, writes }) => `${shown(range)}${writes ? '!' : ''}`) ?? [];

describe('a word', () => {
  it('leads to where its value is made, out of a graph within an attribute too', () => {
    expect(shown(texts.word(of, ...at(9, 'h)'))?.definition)).toBe('7:h');
    expect(shown(texts.word(of, ...at(12, 'y)'))?.definition)).toBe('8:y');
    expect(shown(texts.word(of, ...at(7, 'w)'))?.definition)).toBe('3:w');
    expect(shown(texts.word(of, ...at(1, '"out/1"'))?.definition)).toBe('12:"out/1"');
  });

  it('is found wherever the same value is named, and not where another has the same name', () => {
    expect(placesOf(7, 'h =')).toEqual(['4:h', '7:h!', '9:h', '10:h']);
    expect(placesOf(9, 't =')).toEqual(['9:t', '9:t!']);
    expect(placesOf(15, 'x)')).toEqual(['15:x!', '15:x', '15:x']);
    expect(placesOf(1, 'x,')).toEqual(['1:x!', '7:x']);
  });

  it('leads from a call to the function', () => {
    expect(shown(texts.word(of, ...at(12, 'Twice'))?.definition)).toBe('15:Twice');
    expect(placesOf(15, 'Twice')).toEqual(['12:own.Twice', '15:Twice!']);
  });

  it('leads from a call to the overload that it names', async () => {
    const twice = `<ir_version: 10, opset_import: ["": 17, "own": 1]>\nmain (float[2] x) => (float[2] y)\n{\n  h = own.f (x)\n  y = own.f:other (h)\n}\n<domain: "own", opset_import: ["": 17]>\nf (a) => (b) { b = Neg (a) }\n<domain: "own", overload: "other", opset_import: ["": 17]>\nf (a) => (b) { b = Abs (a) }\n`;
    await texts.read('file:///overloads.onnxtxt', 1, twice, undefined);
    const definition = (line: number): number | undefined => texts.word({ uri: 'file:///overloads.onnxtxt', version: 1 }, line, 10)?.definition?.line;
    expect([definition(3), definition(4)]).toEqual([7, 9]);
    // At the equals sign of the first call: both are offered as they are called.
    const offered = texts.complete({ uri: 'file:///overloads.onnxtxt', version: 1 }, 3, 6).items.filter(({ kind }) => kind === 'function');
    expect(offered.map(({ label, insert }) => [label, insert])).toEqual([['own.f', 'own.f'], ['own.f:other', 'own.f:other']]);
  });

  it('is none where nothing is named', () => {
    expect(texts.word(of, 0, 0)).toBeNull();
    expect(texts.word(of, 99, 99)).toBeNull();
    expect(texts.word(of, ...at(7, 'fc'))).toBeNull();
  });

  it('is the one before the cursor where the cursor stands behind it', () => {
    const [line, character] = at(7, 'w)');
    expect(texts.word(of, line, character + 1)?.name).toBe('w');
  });
});

describe('a new name', () => {
  const renamed = (line: number, words: string, name: string): string[] => texts.rename(of, ...at(line, words), name).map(({ range, text: to }) => `${shown(range)} → ${to}`);

  it('is given to a value wherever it is named, quoted where it must be', () => {
    expect(renamed(7, 'h =', 'hidden')).toEqual(['4:h → hidden', '7:h → hidden', '9:h → hidden', '10:h → hidden']);
    expect(renamed(12, '"out/1"', '/out/2')).toEqual(['1:"out/1" → "/out/2"', '12:"out/1" → "/out/2"']);
    expect(renamed(15, 'x)', 'float')).toEqual(['15:x → "float"', '15:x → "float"', '15:x → "float"']);
  });

  it('is refused where a value has it already, or there is no value', () => {
    expect(refusal(() => texts.rename(of, ...at(7, 'h ='), 'y'))).toMatchObject({ code: 'usage', message: 'There is a value of this name already.' });
    expect(refusal(() => texts.rename(of, ...at(7, 'h ='), ''))).toMatchObject({ code: 'usage' });
    expect(refusal(() => texts.rename(of, ...at(7, 'MatMul'), 'y2'))).toMatchObject({ code: 'usage', message: 'Only values can be renamed.' });
  });
});

describe('what can be typed', () => {
  const typed = async (nodes: string): Promise<[string, string[]]> => {
    const own = new Texts();
    const content = text.slice(0, text.indexOf('  "out/1" = ')) + nodes;
    await own.read(uri, 1, content, undefined);
    const rows = content.split('\n');
    const { range, items } = own.complete(of, rows.length - 1, rows.at(-1)?.length ?? 0);
    return [rows.at(-1)?.slice(range.character, range.endCharacter) ?? '', items.map(({ insert }) => insert)];
  };

  it('is an operator behind an equals sign, of the sets that are imported', async () => {
    const [word, operators] = await typed('  ["a(b"] "z\\"<" = Conv');
    expect(word).toBe('Conv');
    for (const operator of ['Conv', 'ConvInteger', 'ConvTranspose', 'QLinearConv']) expect(operators).toContain(operator);
    expect(operators.filter((operator) => !operator.includes('Conv'))).toEqual([]);
    expect((await typed('  z = '))[1].filter((operator) => operator.includes('.'))).toEqual([]); // com.microsoft is not imported
  });

  it('is a value between parentheses, the latest first, none of other graphs', async () => {
    expect(await typed('  z = Add (')).toEqual(['', ['y', 'h', 'w', 'flag', 'x']]);
    expect(await typed('  "a b" = Neg (h)\n  z = Add (x, "a')).toEqual(['"a', ['"a b"', 'flag']]);
    expect((await typed('  z = If (flag) <\n    then_branch = a () => (t) { t = Relu (h)\n    q = Add (t'))[1]).toEqual(['t']);
  });

  it('is found in a time that grows with the line, however long it is', async () => {
    const milliseconds = async (length: number): Promise<number> => {
      const own = new Texts();
      const content = `${text.slice(0, text.indexOf('  "out/1" = '))}  z = Neg (${'a'.repeat(length)}(`;
      await own.read(uri, 1, content, undefined);
      const rows = content.split('\n');
      const before = process.cpuUsage();
      own.complete(of, rows.length - 1, rows.at(-1)?.length ?? 0);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    // Trying every character as the beginning of a word takes seconds.
    expect(await milliseconds(100_000)).toBeLessThan(5000); // a watchdog: it took 15 s when it grew with the square
  });

  it('is nothing where anything may stand', async () => {
    for (const nodes of ['  ', '  z', '  z = Op <axis = ', '  z = Op <a = [1, ']) expect((await typed(nodes))[1]).toEqual([]);
  });
});

describe('a value', () => {
  it('has its type, its producer and how often it is read', () => {
    expect(texts.value(of, ...at(9, 'h)'))).toMatchObject({ summary: { name: 'h', type: 'float32', shape: ['N', 3] }, producer: { op: 'MatMul', name: 'fc' }, uses: 2 });
    expect(texts.value(of, ...at(12, '"out/1"'))).toMatchObject({ summary: { name: 'out/1' }, producer: { op: 'own.Twice', name: '' }, uses: 1 });
    expect(texts.value(of, ...at(1, 'flag'))?.producer).toBeUndefined();
  });

  it('has statistics where it is a weight', () => {
    expect(texts.value(of, ...at(7, 'w)'))?.weight).toMatchObject({ dims: [4, 3], bytes: 48, statistics: { min: -12, max: 11, mean: 54 / 12 } });
  });

  it('has those of the model the text was printed from, where the text only refers to it', async () => {
    const source = readOnnxBytes(modelBytes({ node: [{ op_type: 'MatMul', input: ['x', 'w'], output: ['y'] }], input: [{ name: 'x', type: floatType(1, 20) }], initializer: [{ name: 'w', data_type: 1, dims: [20, 2], float_data: new Array(40).fill(2) }] }));
    const printed = printModel(source);
    const own = new Texts();
    const place = printed.slice(0, printed.indexOf(' w =') + 1).split('\n');
    for (const [model, mean] of [[source, 2], [undefined, undefined]] as const) {
      await own.read(uri, 1, printed, model);
      expect(own.value(of, place.length - 1, place.at(-1)?.length ?? 0)?.weight?.statistics?.mean).toBe(mean);
    }
  });
});

describe('the lines of a text', () => {
  it('have hints of the types behind what their nodes make', () => {
    expect(texts.hints(of, 6, 8).map(({ line, character, label }) => `${line}:${(lines[line] ?? '').slice(0, character)}${label}`)).toEqual(['7:  [fc] hfloat[N,3]', '8:  yfloat[N,3]']);
    expect(texts.hints(of, 0, 5)).toEqual([]);
  });

  it('have their words in colours', () => {
    const data = texts.tokens(of, 7, 7);
    const words: string[] = [];
    let character = 0;
    for (let i = 0; i < data.length; i += 5) {
      const [, delta = 0, length = 0, type = 0, modifiers = 0] = data.slice(i, i + 5);
      character += delta;
      words.push(`${(lines[7] ?? '').slice(character, character + length)}: ${textTokenTypes[type] ?? ''} ${modifiers}`);
    }
    expect(data[0]).toBe(7);
    expect(words).toEqual(['fc: label 0', 'h: variable 1', 'MatMul: function 0', 'x: variable 0', 'w: variable 0']);
  });
});

describe('a version of a text', () => {
  it('must have been read', () => {
    for (const version of [0, 2]) expect(() => texts.word({ uri, version }, 0, 0)).toThrow(LatheError);
  });

  it('is read but for what is wrong, and said what is wrong', async () => {
    const own = new Texts();
    const { problems, symbols } = await own.read(uri, 1, text.replace('= Neg (h)', '= Neg [h]'), undefined);
    expect(problems).toEqual([{ message: 'Expected "(" before the inputs of the node, found [.', range: { line: 10, character: 40, endLine: 10, endCharacter: 41 } }]);
    expect(symbols.map(({ name }) => name)).toEqual(['main', 'a', 'b', 'own.Twice']);
    expect(own.word(of, ...at(9, 'h)'))?.places).toHaveLength(3);
    expect(own.hints(of, 0, 20)).toEqual([]);
  });

  it('is checked as a model where it may be edited, and the problems stand at the words concerned', async () => {
    const own = new Texts();
    const problemsOf = async (content: string): Promise<string[]> =>
      (await own.read(uri, 1, content, undefined)).problems.map(({ message, range }) => `${range.line}:${content.split('\n')[range.line]?.slice(range.character, range.endCharacter) ?? ''}: ${message}`);
    expect(await problemsOf(text)).toEqual([]);
    const [nowhere, ...none] = await problemsOf(text.replace('(x, w)', '(x, nowhere)'));
    expect(nowhere).toMatch(/^7:nowhere: .*reads "nowhere"/);
    expect(none).toEqual([]);
    const [contradiction] = await problemsOf(text.replace('float[4,3] w = {1,2,3,4,5,6,7,8,9,10,11,-12}', 'float[2,3] w = {1,2,3,4,5,6}'));
    expect(contradiction).toMatch(/^7:\[fc\] h = MatMul \(x, w\): /);
    const [twice] = await problemsOf(text.replace('  y = If', '  h = Relu (x)\n  y = If'));
    expect(twice).toMatch(/^8:h: Two values/); // the later of the two
  });
});

describe('the text of a copy that is edited', () => {
  it('keeps a version to refer to only where that is allowed', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'm.edited.onnx');
    writeFileSync(path, modelBytes());
    const model = readOnnxModel(path);
    try {
      await printText(model, false);
      expect(readdirSync(folder)).toEqual(['m.edited.onnx']);
      await printText(model, true);
      expect(readdirSync(folder).sort()).toEqual(['.lathe', 'm.edited.onnx']);
    } finally {
      model.dispose();
    }
  });
});
