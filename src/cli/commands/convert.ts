// `lathe convert MODEL.json`: a TensorFlow.js model as ONNX.
import { visible } from '../../base/visible';
import { convertModel, type ConvertReport } from '../../recipes/convert';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { withModel } from './running';

export interface ConvertOptions {
  readonly output?: string;
  readonly followCacheLinks?: true;
  readonly json?: true;
}

export async function convert(session: Session, path: string, options: ConvertOptions): Promise<void> {
  await withModel(path, options, async (model) => {
    const report = await convertModel(model, { modelPath: path, outputPath: options.output }, session.context);
    session.line.clear();
    if (report.path === undefined) session.outcome.exitCode = 1;
    if (options.json) printJson(report);
    else for (const line of convertLines(report)) print(line);
  });
}

function convertLines({ source, path, nodes, transposes, notLowered }: ConvertReport): string[] {
  if (path === undefined) return [`${visible(source)} was not converted, nothing was written:`, ...notLowered.map(({ node, op, reason }) => `  ${visible(op)} ${visible(node)}: ${visible(reason)}`)];
  return [visible(path), `  ${nodes.source} ${nodes.source === 1 ? 'node' : 'nodes'} → ${nodes.result ?? 0}, ${transposes ?? 0} of them ${transposes === 1 ? 'Transpose' : 'Transposes'}`];
}
