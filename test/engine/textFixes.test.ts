// What is wrong with a typed text can be mended: each change is applied and the text read again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeWords, editDistance } from '../../src/base/editDistance';
import { Texts } from '../../src/engine/texts';
import type { TextFix, TextProblem } from '../../src/protocol/engine';

const uri = 'file:///a.onnxtxt';
const of = { uri, version: 1 };
const model = (nodes: string, opsets = '"": 17'): string => `<ir_version: 8, opset_import: [${opsets}]>\ng (float[N,4] x) => (float[N,4] y)\n{\n${nodes}\n}\n`;

function applied(content: string, { edits }: TextFix): string {
  const lines = content.split('\n');
  const starts = lines.map((_, i) => lines.slice(0, i).join('\n').length + (i === 0 ? 0 : 1));
  const at = (line: number, character: number): number => (starts[line] ?? content.length) + character;
  return [...edits]
    .sort((a, b) => at(b.range.line, b.range.character) - at(a.range.line, a.range.character))
    .reduce((text, { range, text: put }) => text.slice(0, at(range.line, range.character)) + put + text.slice(at(range.endLine, range.endCharacter)), content);
}

async function looked(content: string): Promise<{ problems: readonly TextProblem[]; fixes: readonly TextFix[] }> {
  const texts = new Texts();
  const { problems } = await texts.read(uri, 1, content, undefined);
  return { problems, fixes: texts.fixes(of, 0, 1000) };
}

/** What is wrong, what mends it, and the nodes as they are then: nothing may be wrong with them. */
async function mended(content: string): Promise<{ problem: string; to: readonly string[]; nodes: string }> {
  const { problems, fixes } = await looked(content);
  const [fix] = fixes;
  if (fix === undefined) return { problem: problems[0]?.message ?? '', to: [], nodes: '' };
  const result = applied(content, fix);
  expect((await looked(result)).problems).toEqual([]);
  const { message = '', severity = 'error' } = problems[fix.problem] ?? {};
  return { problem: `${severity}: ${message}`, to: fixes.map(({ kind, to }) => `${kind} ${to}`.trim()), nodes: result.slice(result.indexOf('{\n') + 2, result.lastIndexOf('\n}')) };
}

describe('what mends a text', () => {
  it('is a close word for an operator, an attribute, a value of one, a value that nothing makes', async () => {
    expect(await mended(model('  y = Rellu (x)'))).toMatchObject({ problem: 'warning: ai.onnx has no operator "Rellu" in version 17.', to: expect.arrayContaining(['change Relu']) as unknown, nodes: '  y = Relu (x)' });
    expect(await mended(model('  y = Softmax <axes = 1> (x)'))).toEqual({ problem: 'warning: Softmax has no attribute "axes" in version 13 of its operator set.', to: ['change axis'], nodes: '  y = Softmax <axis = 1> (x)' });
    expect(await mended(model('  y = LeakyRelu <alpha = 1> (x)'))).toMatchObject({ to: ['change 1.0'], nodes: '  y = LeakyRelu <alpha = 1.0> (x)' });
    expect(await mended(model('  p = Constant <value_ints = [0, 0, 0, 0]> ()\n  y = Pad <mode = "reflct"> (x, p)'))).toMatchObject({ to: ['change "reflect"'] });
    expect(await mended(model('  hidden = Relu (x)\n  y = Neg (hiden)'))).toMatchObject({ to: ['change hidden', 'remove'], nodes: '  hidden = Relu (x)\n  y = Neg (hidden)' });
    expect(await mended(model('  yy = Neg (x)'))).toMatchObject({ to: ['change yy', 'remove'] });
  });

  it('is what is missing: an operator set, a required attribute', async () => {
    expect(await mended(model('  y = com.microsoft.Gelu (x)'))).toMatchObject({ to: ['import "com.microsoft" : 1'] });
    expect(await mended(model('  y = Concat (x, x)'))).toMatchObject({ problem: 'warning: Concat needs the attribute "axis".', to: ['add axis = 0'], nodes: '  y = Concat <axis = 0> (x, x)' });
    expect(await mended(model('  y = Cast <saturate = 1> (x)', '"": 19'))).toMatchObject({ nodes: '  y = Cast <to = 1, saturate = 1> (x)' });
  });

  it('is another name, an order, or nothing in place of a node', async () => {
    const { problems, fixes } = await looked(model('  a = Relu (x)\n  a = Neg (x)\n  y = Add (a, a)'));
    expect(problems.map(({ range }) => range.line)).toEqual([4]);
    expect(fixes.map(({ kind, to }) => `${kind} ${to}`)).toEqual(['rename a_2']);
    expect(await mended(model('  y = Neg (b)\n  b = Relu (a)\n  # what comes first\n  a = Abs (x)'))).toMatchObject({ to: ['sort'], nodes: '  a = Abs (x)\n  b = Relu (a)\n  # what comes first\n  y = Neg (b)' });
    expect(await mended(model('  a = Relu (x)\n  y = Neg (x)'))).toMatchObject({ problem: 'hint: What Relu → a makes is read by nothing.', to: ['remove'], nodes: '  y = Neg (x)' });
  });

  it('leaves a value alone whose type is written before it', async () => {
    expect((await looked(model('  y = LeakyRelu <alpha: int = 1> (x)'))).fixes).toEqual([]);
  });

  it('adds an operator set before a comment, not to it', async () => {
    const text = model('  y = com.microsoft.Gelu (x)', '"": 17 # the main set, "my" is none\n');
    const { fixes } = await looked(text);
    expect(await Promise.all(fixes.map(async (fix) => (await looked(applied(text, fix))).problems))).toEqual([[]]);
  });

  it('is a name for those places only where nothing makes the value, out of the graphs around them', async () => {
    const called = (argument: string): string => `  hidden = Relu (x)\n  y = my.F (${argument})`;
    const body = '<domain: "my", opset_import: ["": 17]>\nF (hiden) => (hiddem)\n{\n  hiddem = Neg (hiden)\n}\n';
    const text = (argument: string): string => model(called(argument), '"": 17, "my": 1') + body;
    const { fixes } = await looked(text('hiden'));
    expect(fixes.map(({ kind, to }) => `${kind} ${to}`.trim())).toEqual(['change hidden', 'remove']);
    expect(fixes.slice(0, 1).map((fix) => applied(text('hiden'), fix))).toEqual([text('hidden')]);
  });

  it('is looked for at the first problems of a selection, not at every one of a whole text', async () => {
    const { problems, fixes } = await looked(model(Array.from({ length: 60 }, (_, i) => `  v${i} = Neg (undefinedName${i})`).join('\n') + '\n  undefinedNames = Abs (x)\n  y = Abs (undefinedNames)'));
    expect(problems.length).toBeGreaterThan(100);
    expect(new Set(fixes.map(({ problem }) => problem)).size).toBe(20);
  });

  it('is nothing where all is well, or no other word is close', async () => {
    const inner = '  c = Shape (x)\n  f = Cast <to = 9> (c)\n  y = If (f) <\n    then_branch = a () => (t) { t = Relu (x) },\n    else_branch = b () => (e) { e = Neg (x) }\n  >';
    expect(await looked(model(inner))).toEqual({ problems: [], fixes: [] });
    expect((await looked(model('  y = Neg (somethingElse)'))).fixes).toEqual([]);
    expect(await looked(model('  y = own.Thing <a = 1> (x)', '"": 17, "own": 1'))).toEqual({ problems: [], fixes: [] });
  });
});

it('words are close where few letters differ', () => {
  // Levenshtein's own kind of example: three changes make sitting of kitten.
  expect(editDistance('kitten', 'sitting')).toBe(3);
  // Known to be more than is asked for, it is not worked out.
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }), fc.nat(12), (a, b, most) => {
      const distance = editDistance(a, b);
      expect(editDistance(a, b, most)).toBe(distance <= most ? distance : Infinity);
    }),
  );
  expect(closeWords('Conf', ['Conv', 'ConvInteger', 'Cos', 'conf'], 2)).toEqual(['conf', 'Conv']);
});

it('close words are found among thousands of long names while a person waits', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `${i}${'/some/scope'.repeat(90)}/${i}_output`);
  const started = performance.now();
  expect(closeWords(`${names[77] ?? ''}s`, names, 1)).toEqual([names[77]]);
  expect(performance.now() - started).toBeLessThan(5000); // every letter against every letter would take ten times that
});
