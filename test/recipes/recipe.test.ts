// The recipe file: what it may hold, what is said when it is off, and the schema that editors get.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { parseRecipe, recipeJsonSchema } from '../../src/recipes/recipe';

function failure(recipe: unknown): LatheError {
  try {
    parseRecipe(typeof recipe === 'string' ? recipe : JSON.stringify(recipe), '/r.lathe.json');
  } catch (thrown) {
    if (thrown instanceof LatheError) return thrown;
    throw thrown;
  }
  throw new Error('The recipe was accepted.');
}

describe('a recipe', () => {
  it('needs only a model', () => {
    const recipe = parseRecipe('{"model": "m.onnx"}', '/r.lathe.json');
    expect(recipe).toMatchObject({ model: 'm.onnx', goal: 'latency', steps: [], threads: 1, seed: 0 });
    expect(recipe.accept).toEqual({ allowSlower: false, allowUncalibrated: false });
  });

  it('fills in a technique’s defaults', () => {
    const [step] = parseRecipe('{"model": "m.onnx", "steps": [{"technique": "quantize-static", "options": {"preset": "all"}}]}', '/r').steps;
    expect(step?.options).toMatchObject({ preset: 'all', samples: 32, percentile: 100 });
  });

  it.each([
    ['text that is not JSON', '{', /^Not JSON/],
    ['an unknown field', { model: 'm.onnx', modle: 1 }, /modle/],
    ['an unknown technique', { model: 'm.onnx', steps: [{ technique: 'shrink' }] }, /steps\.0/],
    ['an option that the technique does not have', { model: 'm.onnx', steps: [{ technique: 'float16', options: { preset: 'all' } }] }, /steps\.0/],
    ['a missing model', { goal: 'size' }, /at model/],
  ])('with %s is refused, naming the field', (_, recipe, message) => {
    const error = failure(recipe);
    expect(error.code).toBe('malformed');
    expect(error.file).toBe('/r.lathe.json');
    expect(error.message).toMatch(message);
  });

  it('names the techniques there are', () => expect(failure({ model: 'm', steps: [{ technique: 'shrink' }] }).hint).toBe('Techniques: simplify, quantize-static, quantize-dynamic, quantize-weights, float16, tensorflow-simplify, tensorflow-weights.'));

  it('has its schema in media, as generated', () => {
    const written: unknown = JSON.parse(readFileSync(new URL('../../media/recipe.schema.json', import.meta.url), 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(recipeJsonSchema())));
  });
});
