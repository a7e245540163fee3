// `lathe upgrade MODEL --opset N`: a copy at a newer opset, where every operator's change is mechanical.
import { visible } from '../../base/visible';
import { assertOnnx } from '../../formats/open';
import { upgradeModel, type UpgradeReport } from '../../recipes/upgrade';
import type { PictureArguments } from '../arguments';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { callsInWords, outputsLine, type RunModelOptions, runnerStart, runSettings, samplesFor, withModel } from './running';

export interface UpgradeOptions extends RunModelOptions, PictureArguments {
  readonly opset: number;
  readonly output?: string;
}

export async function upgrade(session: Session, path: string, options: UpgradeOptions): Promise<void> {
  await withModel(path, options, async (model, file) => {
    assertOnnx(model, 'upgraded');
    const report = await upgradeModel(model, { modelPath: path, file, opset: options.opset, outputPath: options.output, settings: runSettings(options), samples: () => samplesFor(model, options), runnerStart: runnerStart(options) }, session.context);
    session.line.clear();
    if (options.json) printJson(report);
    else for (const line of upgradeLines(report)) print(line);
  });
}

function upgradeLines(report: UpgradeReport): string[] {
  const { path, from, to, changes, inlined } = report;
  const functions = inlined.map(({ function: name, calls }) => `  ${visible(name)}: ${callsInWords(calls)} inlined`);
  const rewritten = changes.map(({ op, version, nodes }) => `  ${nodes} ${op} rewritten as version ${version} wants ${nodes === 1 ? 'it' : 'them'}`);
  return [`opset ${from} → ${to}: ${visible(path)}`, ...functions, ...(rewritten.length === 0 ? ['  no operator had to be rewritten'] : rewritten), outputsLine(report)];
}
