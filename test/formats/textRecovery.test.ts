// All that is wrong with a text is said at once: reading goes on at the next statement.
import { describe, expect, it } from 'vitest';
import { readModelText } from '../../src/formats/text/read';

const head = '<ir_version: 8, opset_import: ["": 17]>\ng (float[4] x) => (float[4] y)\n';
/** Each problem as its line and the words there. */
function problemsOf(text: string): string[] {
  const lines = text.split('\n');
  return readModelText(text).problems.map(({ range }) => `${range.line}:${(lines[range.line] ?? '').slice(range.character, range.endLine === range.line ? range.endCharacter : undefined)}`);
}

describe('a text with several errors', () => {
  it('has each of them told, in the order of the text', () => {
    expect(problemsOf(`${head}{\n  a = Relu [x)\n  b = Relu (a)\n  c = Relu (b\n  d = Add <axis> (c, c)\n  y = Relu (d)\n}`)).toEqual(['3:[', '6:d', '6:>']);
  });

  it('goes on within graphs in attributes, and behind these', () => {
    expect(problemsOf(`${head}{\n  y = If (f) <\n    then_branch = a () => (t) {\n      s = Neg x\n      t = Neg (s)\n    },\n    else_branch = b () => (t) { t = Neg [x) }\n  >\n  z = Neg x\n}`)).toEqual(['5:x', '8:[', '10:x']);
  });

  it('has those of its weights told', () => {
    expect(problemsOf(`${head}<\n  float[2] a = {1, oops},\n  float[2 b = {1, 2},\n  float[2] c = {1, 2}\n>\n{\n  y = Relu x\n}`)).toEqual(['3:oops', '4:b', '8:x']);
    expect(problemsOf(`${head}<\n  float[2] a = {1, 2},\n>\n{\n  y = Relu (x)\n}`)).toEqual(['4:>']);
  });

  it('is not followed by errors that only come of the first', () => {
    expect(problemsOf(`${head}{\n  "a = Relu (x)\n  b = Relu (a)\n  y = Relu (b)\n}`)).toHaveLength(1);
    expect(problemsOf(`${head}{\n  y = Relu (x)`)).toHaveLength(1);
    expect(problemsOf('hello')).toHaveLength(1);
  });

  it('has no more than a hundred told', () => {
    expect(problemsOf(`${head}{\n${'  a = Relu x\n'.repeat(500)}}`)).toHaveLength(100);
  });

  it('is no model, but keeps the words of what could be read', () => {
    const { model, marks } = readModelText(`${head}{\n  a = Relu x\n  y = Relu (x)\n}`);
    expect(model).toBeUndefined();
    expect([...marks.of('definition')]).toHaveLength(2);
  });
});
