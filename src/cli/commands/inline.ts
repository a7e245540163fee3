// `lathe inline MODEL`: a copy in which calls of the model's own functions give way to the functions' bodies.
import { visible } from '../../base/visible';
import { assertOnnx } from '../../formats/open';
import { type InlineReport, inlineModel } from '../../recipes/inline';
import type { PictureArguments } from '../arguments';
import type { Session } from '../program';
import { print, printJson } from '../terminal';
import { callsInWords, outputsLine, type RunModelOptions, runnerStart, runSettings, samplesFor, withModel } from './running';

export interface InlineOptions extends RunModelOptions, PictureArguments {
  readonly function?: readonly string[];
  readonly output?: string;
}

export async function inline(session: Session, path: string, options: InlineOptions): Promise<void> {
  await withModel(path, options, async (model, file) => {
    assertOnnx(model, 'inlined');
    const report = await inlineModel(model, { modelPath: path, file, ...(options.function === undefined ? {} : { functions: options.function }), outputPath: options.output, settings: runSettings(options), samples: () => samplesFor(model, options), runnerStart: runnerStart(options) }, session.context);
    session.line.clear();
    if (options.json) printJson(report);
    else for (const line of inlineLines(report)) print(line);
  });
}

function inlineLines(report: InlineReport): string[] {
  const done = report.inlined.map(({ function: name, calls }) => `  ${visible(name)}: ${callsInWords(calls)} inlined`);
  const left = report.kept.map(({ function: name, calls, reason }) => `  ${visible(name)}: ${callsInWords(calls)} left. ${visible(reason)}`);
  return [`functions inlined: ${visible(report.path)}`, ...done, ...left, outputsLine(report)];
}
