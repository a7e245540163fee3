// `lathe check MODEL`: is the file well-formed, the graph valid, and do the shapes agree.
import { visible } from '../../base/visible';
import { analyzeModel, type ModelAnalysis } from '../../analysis/analyze';
import type { ModelWarning } from '../../graph/model';
import { verifyModel, warningsOf } from '../../graph/verify';
import { attributeWarnings } from '../../operators/checkAttributes';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { withModel } from './running';

export interface CheckOptions {
  readonly followCacheLinks?: true;
  readonly json?: true;
}

interface Problem {
  readonly item?: string;
  readonly message: string;
}

export async function check(session: Session, path: string, options: CheckOptions): Promise<void> {
  await withModel(path, options, (model) => {
    const analysis = analyzeModel(model);
    const problems: Problem[] = [
      ...verifyModel(model).map(({ item, message }) => ({ item, message })),
      ...analysis.types.contradictions.map(({ node, message }) => ({ item: node.name || node.opType, message })),
    ];
    // What the verifier objects to is among the warnings of an open model too; it is said once.
    const known = new Set(problems.map(({ message }) => message));
    const unknown = [...unknownOperators(analysis), ...analysis.notLowered.map(({ node, op, reason }): ModelWarning => ({ code: 'unknown-cost', message: `What ${[op, node].filter((part) => part !== '').join(' ')} makes is not known, nor what depends on it: ${reason}.`, ...(node === '' ? {} : { item: node }) }))];
    const warnings = [...model.warnings.filter(({ message }) => !known.has(message)), ...warningsOf(attributeWarnings(model)), ...unknown];
    if (problems.length > 0) session.outcome.exitCode = 1;
    if (options.json) {
      printJson({ path, ok: problems.length === 0, problems, warnings });
      return;
    }
    for (const warning of warnings) print(`warning: ${visible(warning.message)}`);
    for (const { item, message } of problems) print(`error: ${item === undefined || message.includes(item) ? '' : `${visible(item)}: `}${visible(message)}`);
    const agree = unknown.length === 0 ? 'shapes agree' : 'shapes agree as far as they are known';
    print(problems.length === 0 ? `${visible(path)}: well-formed, valid, ${agree}` : `${visible(path)}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
  });
}

/** One warning for each operator the table does not have, however many nodes there are of it. */
function unknownOperators({ layers, types }: ModelAnalysis): ModelWarning[] {
  const first = new Map<string, ModelWarning>();
  for (const { node, key, unknownOperator } of layers) {
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    if (!unknownOperator || types.bodyOf(node) !== undefined || first.has(name)) continue;
    first.set(name, { code: 'unknown-operator', message: `${name} is no operator that is known here; what depends on its shape is not checked.`, item: key });
  }
  return [...first.values()];
}
