// What each command takes. Links, key bindings and other extensions can call a command with anything: what is not of this
// form is refused with a word, and nothing is done.
import * as z from 'zod';
import { LatheError } from '../base/errors';
import type { CommandName } from './commandNames';

/** Files and models' texts, as links name them: nothing else a link could smuggle in. */
const uri = z.string().max(10_000).regex(/^(file|onnx-text):\//);
/** A model, its text, or the text of two models side by side. */
const comparable = z.string().max(20_000).regex(/^(file|onnx-text|onnx-compare):\//);
const ofSuffix = (suffix: string): z.ZodType<string> => uri.refine((text) => text.endsWith(suffix));
/** What VS Code hands over from the title of the tree of layers: which row has the focus. It names no model. */
const row = z.union([z.strictObject({ kind: z.literal('layer'), layer: z.int() }), z.strictObject({ kind: z.literal('group'), group: z.int() })]).transform(() => undefined);
const optional = <T>(schema: z.ZodType<T>): z.ZodType<T | undefined> => z.union([schema, row]).nullish().transform((value) => value ?? undefined);

const target = optional(uri);
const layer = z.string().max(1_000_000).optional();

/** Parameters by name, in the order of a call. */
const parameters = {
  openModelView: z.object({ target }),
  optimize: z.object({ target }),
  profile: z.object({ target }),
  benchmark: z.object({ target }),
  compareWith: z.object({ target, selected: z.array(uri).max(10_000).optional(), how: z.enum(['measurement', 'structure', 'graphs']).optional() }),
  compareGraphs: z.object({ target: optional(comparable), other: comparable.optional() }),
  showText: z.object({ target, layer }),
  editCopy: z.object({ target }),
  inlineFunctions: z.object({ target, function: z.string().min(1).max(1_000_000).optional() }),
  saveAsOnnx: z.object({ target }),
  showFindings: z.object({ target }),
  applyFix: z.object({ target, fix: z.string().min(1).max(10_000) }),
  chooseFix: z.object({ target, line: z.int().min(0).max(2 ** 31).optional() }),
  revealLayer: z.object({ target, layer }),
  runRecipe: z.object({ target: optional(ofSuffix('.lathe.json')) }),
  openReport: z.object({ target: optional(ofSuffix('.report.json')) }),
  cancelJob: z.object({ job: z.string().max(100).optional() }),
  restartEngine: z.object({}),
  showLog: z.object({}),
  openWalkthrough: z.object({}),
} as const satisfies Record<CommandName, z.ZodObject>;

export type CommandArguments = { readonly [N in CommandName]: z.output<(typeof parameters)[N]> };

/** What a parameter must be, in words. */
const words = new Map([
  ['target', 'the file: or onnx-text: address of a file of its kind'],
  ['selected', 'a list of file: addresses'],
  ['how', 'measurement, structure or graphs'],
  ['other', 'the file: address of a model'],
  ['layer', 'the key of a layer'],
  ['fix', 'the id of a fix'],
  ['function', 'the name of a function as domain::name'],
  ['line', 'the number of a line'],
  ['job', 'the id of a job'],
]);

/**
 * The arguments of a call by name. Further arguments are not looked at.
 * @param fromMenu a menu named the place: objects after it say where the menu stood, and mean nothing to a command
 * @throws LatheError `usage` naming the command and the argument that is not of its form.
 */
export function parseArguments<N extends CommandName>(name: N, given: readonly unknown[], fromMenu: boolean): CommandArguments[N] {
  const schema: z.ZodObject = parameters[name];
  const named = Object.keys(schema.shape).map((key, i): [string, unknown] => {
    const value = given[i];
    const isContext = fromMenu && typeof value === 'object' && !(key === 'selected' && Array.isArray(value));
    return [key, isContext ? undefined : value];
  });
  const parsed = schema.safeParse(Object.fromEntries(named));
  if (parsed.success) return parsed.data as CommandArguments[N]; // the schema is that of this name
  const field = String(parsed.error.issues[0]?.path[0] ?? '');
  throw new LatheError('usage', `The command modelLathe.${name} was refused: its ${field} must be ${words.get(field) ?? 'of another form'}.`, { hint: 'Whatever called it is not part of Model Lathe, or is out of date.' });
}
