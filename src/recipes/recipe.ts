// A recipe (`*.lathe.json`): which model, for which goal, on which data, by which steps, and what the result must fulfil.
import * as z from 'zod';
import { LatheError } from '../base/errors';
import { pictureOrders, pixelScales } from '../protocol/measurement';
import { taskMetricNames, type MetricSpec, type MostLoss } from '../protocol/taskMetrics';
import { dataSpecSchema } from '../runtime/data/description';
import { techniques } from '../techniques/registry';
import { readMostLoss } from './taskLimit';

const largestDimension = 2 ** 31;

/** Steps name a technique and its options; the options are checked by the technique's own schema. */
const step = z.union(
  [...techniques.values()].map((technique) =>
    z.strictObject({ technique: z.literal(technique.id).describe(technique.title), options: (technique.options as z.ZodType<Record<string, unknown>>).optional().describe(`Options of ${technique.id}.`) }),
  ),
);

const metricSchema: z.ZodType<MetricSpec> = z.union([
  z.enum(taskMetricNames).transform((name) => ({ name })),
  z.strictObject({
    name: z.enum(taskMetricNames).describe('Which metric.'),
    output: z.exactOptional(z.string()).describe('The output that is judged; the first that fits where absent.'),
    charset: z.exactOptional(z.string()).describe('Texts: a file with one character per line, in the order of the classes after the blank.'),
    blank: z.exactOptional(z.enum(['first', 'last'])).describe('Texts: the class of nothing; the first by default.'),
    positive: z.exactOptional(z.int().min(0)).describe('Precision, recall and F1: judge this class alone.'),
    peak: z.exactOptional(z.number().positive()).describe('PSNR: the greatest value a pixel can have; 1 by default.'),
  }),
]);

/** As text (`0.5 pp`) or as the report has it. */
const mostLossSchema: z.ZodType<MostLoss> = z.union([
  z.strictObject({ value: z.number().min(0), relative: z.boolean() }),
  z.union([z.string(), z.number()]).transform((given, context): MostLoss => {
    const loss = readMostLoss(String(given));
    if (loss !== undefined) return loss;
    context.addIssue({ code: 'custom', message: 'write for example 0.5 pp, 0.3 dB or 2 %' });
    return { value: 0, relative: false };
  }),
]);

export const recipeSchema = z.strictObject({
  $schema: z.string().optional(),
  model: z.string().min(1).describe('The source model, relative to this file.'),
  goal: z.enum(['latency', 'size', 'memory', 'simplification']).default('latency').describe('What a variant must improve to be accepted.'),
  target: z.string().default('this machine').describe('The device the result is meant for; measurements are made here.'),
  data: z
    .union([z.string(), dataSpecSchema])
    .optional()
    .describe('Calibration and evaluation data, relative to this file: a folder of images (classes by subfolder), .npy or .wav files or test_data_set folders, a .npy, .npz, IDX, .csv, .jsonl, .wav or .txt file; or a description of them.'),
  pictures: z
    .strictObject({
      order: z.enum(pictureOrders).default('rgb').describe('Order of the colour channels; PaddleOCR and OpenCV models take bgr.'),
      scale: z.enum(pixelScales).default('auto').describe('How pixel values become numbers: 0 to 1, −1 to 1, ImageNet\'s mean and deviation, as they are; auto is −1 to 1 for float inputs.'),
    })
    .optional()
    .describe('How a folder of pictures is fed.'),
  bindings: z.record(z.string().max(1000), z.int().min(0).max(largestDimension)).default({}).describe('Values of the open input dimensions.'),
  provider: z.enum(['cpu', 'webgpu', 'cuda', 'coreml', 'dml']).default('cpu').describe('Execution provider to measure on.'),
  threads: z.int().min(1).max(1024).default(1).describe('Threads per run.'),
  seed: z.int().min(0).max(2 ** 31 - 1).default(0).describe('Seed of everything random.'),
  steps: z.array(step).default([]).describe('Techniques in order. Empty: try the usual candidates for the goal and keep the best.'),
  accept: z
    .strictObject({
      floor: z.number().optional().describe('Least agreement with the source (0 … 1), or, above 1, least SQNR in dB. It holds for outputs judged in that unit; others keep their default (0.99, 0.95 for sequences, 20 dB). 0: no floor.'),
      metric: metricSchema.optional().describe('Judge variants by how well they do their task on labelled data, instead of by their agreement with the source.'),
      mostLoss: mostLossSchema.optional().describe('Most a variant may lose of the metric: 0.5 pp, 0.3 dB, 2 % of the source, or a number in its unit.'),
      allowSlower: z.boolean().default(false).describe('Accept a smaller model that is slower.'),
      allowUncalibrated: z.boolean().default(false).describe('Accept a model quantized without real data.'),
    })
    .default({ allowSlower: false, allowUncalibrated: false }),
  output: z.string().optional().describe('File to write, relative to this file; by default a new name beside the model.'),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeStep = Recipe['steps'][number];

/**
 * Parses the text of a recipe.
 * @throws LatheError `malformed` naming the field.
 */
export function parseRecipe(text: string, file: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw new LatheError('malformed', `Not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}.`, { file, cause: thrown });
  }
  const parsed = recipeSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const known = [...techniques.keys()].join(', ');
  throw new LatheError('malformed', `The recipe is off${field === '' ? '' : ` at ${field}`}: ${issue?.message ?? 'unknown reason'}.`, {
    file,
    ...(field === '' ? {} : { item: field }),
    hint: field.startsWith('steps') ? `Techniques: ${known}.` : 'See media/recipe.schema.json for what a recipe may hold.',
  });
}

/** The JSON schema that editors complete and check recipes by. */
export function recipeJsonSchema(): unknown {
  return { $id: 'model-lathe-recipe', title: 'Model Lathe recipe', ...z.toJSONSchema(recipeSchema, { io: 'input' }) };
}
