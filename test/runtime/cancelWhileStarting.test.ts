// A cancel that comes while a runner starts: nothing is run any more.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log';
import { Workbench } from '../../src/recipes/workbench';
import { compareModels } from '../../src/runtime/compare';
import { measureDevice } from '../../src/runtime/device';
import { profileModel } from '../../src/runtime/profile';
import { Runner, type RunnerStart } from '../../src/runtime/runner';
import { seededSamples } from '../../src/runtime/data/sources/seededSamples';
import { defaultRunSettings } from '../../src/runtime/sessionOptions';
import { temporaryFolder } from '../../src/runtime/temporary';
import { convolutionModel } from './support';

const folder = temporaryFolder();
afterAll(() => folder.dispose());

describe.runIf(process.platform !== 'win32')('cancelled while its runner starts', () => {
  const model = convolutionModel();
  const lockPath = join(folder.path, 'lock');
  const started = join(folder.path, 'node');
  const start: RunnerStart = { nodePath: started };
  // A Node that takes its time.
  beforeAll(() => writeFileSync(started, `#!/bin/sh\nsleep 0.5\nexec ${process.execPath} "$@"\n`, { mode: 0o755 }));

  const soon = (): AbortSignal => AbortSignal.timeout(150);

  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ['a profile', (signal) => profileModel(model, { settings: defaultRunSettings(), runner: start, lockPath, signal })],
    ['a comparison', (signal) => compareModels(model, model, seededSamples(model), { start, signal })],
    ['a measurement of the machine', (signal) => measureDevice({ runner: start, lockPath, cachePath: join(folder.path, 'none.json'), signal })],
    ['the workbench', (signal) => new Workbench({ startRunner: () => Runner.start(start), log: silentLog, threads: 1 }).load(model, signal)],
  ])('%s ends as cancelled', async (_, work) => {
    await expect(work(soon())).rejects.toMatchObject({ code: 'cancelled' });
  });
});
