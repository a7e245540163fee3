// `lathe profile MODEL`: measured milliseconds of every node, those of its functions' bodies too.
import { shownModel } from '../../engine/shownModel';
import { profileModel } from '../../runtime/profile';
import type { Session } from '../program';
import { profileLines } from '../render/measurement';
import { print, printJson } from '../terminal';
import { type RunModelOptions, runSettings, runnerStart, withModel } from './running';

export interface ProfileOptions extends RunModelOptions {
  readonly layers: number;
}

export async function profile(session: Session, path: string, options: ProfileOptions): Promise<void> {
  await withModel(path, options, async (model, file) => {
    const result = await profileModel(model.format === 'onnx' ? shownModel(model).model : file, { settings: runSettings(options), runner: runnerStart(options), ...session.context });
    session.line.clear();
    if (options.json) printJson(result);
    else for (const line of profileLines(result, options.layers)) print(line);
  });
}
