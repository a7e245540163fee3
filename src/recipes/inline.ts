// A copy of a model whose functions gave way to their bodies, held to the source's outputs bit for bit.
import { functionLabel } from '../analysis/functions';
import { LatheError } from '../base/errors';
import type { WorkContext } from '../base/cancellation';
import type { FunctionBody, Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import { inlineFunctions, type InlineResult } from '../techniques/inline/inline';
import { type CopyReport, type CopyRequest, publishCopy } from './rewrittenCopy';

export interface InlineRequest extends CopyRequest {
  /** Functions to inline, see `functionLabel`; without an overload all of that name are meant. All functions where absent. */
  readonly functions?: readonly string[];
}

export interface InlineReport extends CopyReport, InlineResult {}

/**
 * Inlines functions of a model into a new file. The source is never written to.
 * @throws LatheError `usage` for a model without functions, for a function it does not have, or for a place that no file can have;
 * `unsupported` where no call can be inlined, or one of a function asked for; `rejected` where outputs differ
 */
export async function inlineModel(model: Model, request: InlineRequest, work: WorkContext): Promise<InlineReport> {
  assertValid(model);
  const { modelPath, functions } = request;
  const wanted = wantedFunctions(model, functions, modelPath);
  const inline = () => {
    work.progress({ message: 'Inlining functions' });
    const result = inlineFunctions(model, { wanted: (body) => wanted.has(functionLabel(body)) });
    const [refused] = result.kept;
    if (refused !== undefined && (functions !== undefined || result.inlined.length === 0)) throw new LatheError('unsupported', `The function ${refused.function} cannot be inlined. ${refused.reason}`, { file: modelPath, item: refused.function });
    return { ...result, tag: 'inlined', what: 'with its functions inlined' };
  };
  const { rewritten, ...report } = await publishCopy(inline, request, work);
  return { ...report, inlined: rewritten.inlined, kept: rewritten.kept };
}

/** Labels of the functions asked for. */
function wantedFunctions(model: Model, asked: readonly string[] | undefined, file: string): ReadonlySet<string> {
  if (model.functions.length === 0) throw new LatheError('usage', 'The model has no functions of its own.', { file });
  const labels = model.functions.map(functionLabel);
  if (asked === undefined) return new Set(labels);
  return new Set(
    asked.flatMap((name) => {
      const found = model.functions.filter((body) => isNamed(body, name));
      if (found.length === 0) throw new LatheError('usage', `The model has no function ${name}.`, { file, item: name, hint: `It has ${[...new Set(labels)].join(', ')}.` });
      return found.map(functionLabel);
    }),
  );
}

const isNamed = (body: FunctionBody, name: string): boolean => name === functionLabel(body) || name === functionLabel({ ...body, overload: '' });
