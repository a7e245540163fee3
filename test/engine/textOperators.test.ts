// What a text offers of operators while it is typed: attributes and what they may be, types, dimensions, operator sets, documentation.
import { describe, expect, it } from 'vitest';
import { Texts } from '../../src/engine/texts';
import type { TextCompletion, TextOperator } from '../../src/protocol/engine';

const uri = 'file:///a.onnxtxt';
const of = { uri, version: 1 };
const head = '<ir_version: 8, opset_import: ["": 17, "own": 1]>\n';
const graph = `${head}main (float[N,"batch size"] x) => (float[N,4] y)\n{\n`;

/** What is offered where `|` stands. */
async function offered(content: string): Promise<readonly TextCompletion[]> {
  const texts = new Texts();
  const [before = ''] = content.split('|');
  await texts.read(uri, 1, content.replace('|', ''), undefined);
  const rows = before.split('\n');
  return texts.complete(of, rows.length - 1, rows.at(-1)?.length ?? 0).items;
}
const labels = async (content: string): Promise<string[]> => (await offered(content)).map(({ label }) => label);
const inserts = async (content: string): Promise<string[]> => (await offered(content)).map(({ insert }) => insert);

describe('attributes', () => {
  it('are offered where they can stand, required ones first, none twice', async () => {
    expect(await labels(`${graph}  y = Concat <|`)).toEqual(['axis']);
    expect(await labels(`${graph}  y = Conv <group = 1, |, pads = [1, 1]> (x, w)\n}`)).toEqual(['auto_pad', 'dilations', 'kernel_shape', 'strides']);
    expect(await labels(`${graph}  y = If (f) <\n    then_branch = a () => (t) { t = Relu (x) },\n    |`)).toEqual(['else_branch']);
    expect(await labels(`${graph}  y = Resize (x) <\n    nea|`)).toEqual(['nearest_mode']);
    expect(await labels(`${graph}  y = own.Thing <|`)).toEqual([]);
  });

  it('are those of the version that is imported, with type and default', async () => {
    expect(await labels(`${graph}  y = Squeeze <|`)).toEqual([]);
    expect(await labels(`${graph.replace('17', '11')}  y = Squeeze <|`)).toEqual(['axes']);
    expect((await offered(`${graph}  y = Concat <|`))[0]).toMatchObject({ kind: 'attribute', insert: 'axis = ', detail: 'int, required', more: true });
    expect((await offered(`${graph}  y = Elu <|`))[0]).toMatchObject({ detail: 'float, 1 by default' });
  });

  it('have their values offered', async () => {
    expect(await inserts(`${graph}  y = Conv <auto_pad = |> (x, w)`)).toEqual(['"NOTSET"', '"SAME_UPPER"', '"SAME_LOWER"', '"VALID"']);
    expect(await inserts(`${graph}  y = LSTM <direction: string = "f|"> (x, w, r)`)).toEqual(['"forward"']);
    expect(await inserts(`${graph}  y = Cast <to = flo|> (x)`)).toEqual(['1', '10', '16', '17', '18', '19', '20', '23', '24']);
    expect((await labels(`${graph}  y = Cast <to = |> (x)`)).slice(0, 3)).toEqual(['float', 'uint8', 'int8']);
    expect(await inserts(`${graph}  y = Elu <alpha = |> (x)`)).toEqual(['1.0']);
    expect(await labels(`${graph.replace('17', '17, "ai.onnx.ml": 3')}  y = ai.onnx.ml.TreeEnsembleClassifier <nodes_modes = [|`)).toContain('BRANCH_LEQ');
  });
});

describe('other words', () => {
  it('are offered where they can stand: types, dimensions, operator sets, functions of the model', async () => {
    expect(await labels(`${head}main (int6|`)).toEqual(['int64', 'uint64']);
    expect(await labels(`${head}main (float[N] x) => (float[N] y) <\n  bfl|`)).toEqual(['bfloat16']);
    expect(await inserts(`${head}main (float[N,"batch size"] x) => (float[|`)).toEqual(['N', '"batch size"']);
    expect(await inserts('<ir_version: 8, opset_import: ["": 17, |]>')).toEqual(expect.arrayContaining(['"ai.onnx.ml" : 5', '"com.microsoft" : 1']));
    expect(await inserts('<ir_version: 8, opset_import: ["": 17, |]>')).not.toContain('"" : 26');
    expect(await labels(`${graph}  y = own.T|\n}\n<domain: "own", opset_import: ["": 17]>\nTwice (x) => (y) { y = Add (x, x) }`)).toEqual(['own.Twice']);
    expect(await labels(`${graph}  y = Relu (x)\n}\n<domain: "own", opset_import: ["": 17]>\nTwice (x) => (y) { y = Add (x, x) }\n<domain: "own", opset_import: ["": 17]>\nFour (x) => (y) { y = own.Twi|`)).toEqual(['own.Twice']);
  });

  it('have an operator documented: how it is called, what it does, since when', async () => {
    const [conv] = (await offered(`${graph}  y = Conv|`)).filter(({ label }) => label === 'Conv');
    expect(conv?.detail).toBe('Y = Conv (X, W, B?)');
    expect(conv?.documentation).toContain('Since version 1, as of version 11 of ai.onnx.');
    expect(conv?.documentation).toContain('Attribute `auto_pad`: string, NOTSET by default (NOTSET, SAME_UPPER, SAME_LOWER, VALID)');
    expect(conv?.documentation).toContain('- T: float16, float, double');
    expect(await labels(`${graph}  y = Gel|`)).toEqual([]); // it came with version 20
  });
});

describe('an operator in a text', () => {
  const asked = async (content: string, at: 'name' | 'inputs'): Promise<TextOperator | null> => {
    const texts = new Texts();
    const [before = ''] = content.split('|');
    await texts.read(uri, 1, content.replace('|', ''), undefined);
    const rows = before.split('\n');
    return texts.operator(of, rows.length - 1, rows.at(-1)?.length ?? 0, at);
  };

  it('is documented at its name', async () => {
    expect(await asked(`${graph}  y = Ma|tMul (x, x)\n}`, 'name')).toMatchObject({ label: 'Y = MatMul (A, B)', range: { line: 3, character: 6, endCharacter: 12 } });
    expect(await asked(`${graph}  y = own.Th|ing (x)\n}`, 'name')).toBeNull();
  });

  it('is documented while its inputs are typed, with the one that comes', async () => {
    const called = await asked(`${graph}  y = Conv <group = 1> (x, |`, 'inputs');
    expect(called?.active).toBe(1);
    expect(called?.inputs.map(([start, end]) => called.label.slice(start, end))).toEqual(['X', 'W', 'B?']);
    expect((await asked(`${graph}  y = Concat <axis = 0> (x, x, x, |`, 'inputs'))?.active).toBe(0);
    expect(await asked(`${graph}  y = Conv <group = |`, 'inputs')).toBeNull();
  });
});

it('what a text of 20,000 nodes offers takes a few milliseconds once it was read', async () => {
  const nodes = Array.from({ length: 20_000 }, (_, i) => `  v${i + 1} = Conv <group = 1, pads = [1, 1, 1, 1]> (v${i}, w)`).join('\n');
  const content = `${graph.replace('x)', 'v0)')}${nodes}\n  y = Conv <au> (v1, v2)\n}`;
  const texts = new Texts();
  await texts.read(uri, 1, content, undefined);
  const line = content.split('\n').length - 2;
  const questions = [(): unknown => texts.complete(of, line, 14), (): unknown => texts.complete(of, line, 6), (): unknown => texts.complete(of, line, 21), (): unknown => texts.operator(of, line, 7, 'name'), (): unknown => texts.operator(of, line, 20, 'inputs'), (): unknown => texts.complete(of, 1, 12)];
  for (const question of questions) question(); // what is made once
  const before = process.cpuUsage();
  for (let i = 0; i < 20; i++) for (const question of questions) question();
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1000 / 20 / questions.length;
  console.info(`${milliseconds.toFixed(2)} ms each`);
  expect(milliseconds).toBeLessThan(20); // a watchdog; it is about one
});
