// The face of a model file: it is loaded once in a runner, to know what it is fed.
import type { ModelFile } from '../formats/open';
import type { Model } from '../graph/model';
import { Runner, type RunnerStart } from './runner';

/** @throws LatheError as {@link Runner.load} */
export async function readFace(file: ModelFile, start: RunnerStart): Promise<Model> {
  const runner = await Runner.start(start);
  try {
    return (await runner.load(file)).structure;
  } finally {
    runner.dispose();
  }
}
