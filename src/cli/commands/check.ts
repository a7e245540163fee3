// `lathe check MODEL`: is the file well-formed, the graph valid, and do the shapes agree.
import { visible } from '../../base/visible';
import { analyzeModel } from '../../analysis/analyze';
import { verifyModel } from '../../graph/verify';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { withModel } from './running';

export interface CheckOptions {
  readonly json?: true;
}

interface Problem {
  readonly item?: string;
  readonly message: string;
}

export async function check(session: Session, path: string, options: CheckOptions): Promise<void> {
  await withModel(path, (model) => {
    const problems: Problem[] = verifyModel(model).map(({ item, message }) => ({ item, message }));
    // Shapes of a graph with a cycle or a dangling input mean nothing.
    if (problems.length === 0) problems.push(...analyzeModel(model).types.contradictions.map(({ node, message }) => ({ item: node.name || node.opType, message })));
    if (problems.length > 0) session.outcome.exitCode = 1;
    if (options.json) {
      printJson({ path, ok: problems.length === 0, problems, warnings: model.warnings });
      return;
    }
    for (const warning of model.warnings) print(`warning: ${visible(warning.message)}`);
    for (const problem of problems) print(`error: ${problem.item === undefined ? '' : `${visible(problem.item)}: `}${visible(problem.message)}`);
    print(problems.length === 0 ? `${visible(path)}: well-formed, valid, shapes agree` : `${visible(path)}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
  });
}

