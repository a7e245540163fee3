// Publishes new models: whole or not at all, under a name that was free, with the source checked to be what it was.
import { lstat, mkdir, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { throwIfCancelled } from '../base/cancellation';
import { LatheError, toLatheError } from '../base/errors';
import type { Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import { readModel } from './open';
import type { OpenOutput } from './output';
import { type Layout, layoutOf } from './publishLayouts';
import { assertUntouched, captureSource, type SourceState } from './sourceState';
import { errorCode, isTaken, refuseLinkedFolder, StagingFolder, sweepOrphans } from './staging';

export { sweepOrphans } from './staging';
export { assertUntouched, captureSource, sha256, type SourceState } from './sourceState';

/** The steps of publishing, each told when it is done. */
export type PublishStep = 'captured' | 'staged' | 'written' | 'verified' | 'compared' | 'weights-published' | 'published';

export interface PublishOptions {
  /** Folder of the new file: the source's, as a rule. */
  readonly directory: string;
  /** The source's name without `.onnx` or `.json`. */
  readonly stem: string;
  /** What was done, e.g. `int8`; may be empty. */
  readonly tag: string;
  /** Name of the model's own file where it becomes a folder; `model.json` where not said. */
  readonly fileName?: string;
  /** The most bytes of a file with weights, where a model has such; see `writeTfjsModel`. */
  readonly shardBytes?: number;
  /** Take the name as it is and fail where it is taken, instead of going on to `-2`, `-3` … */
  readonly exact?: boolean;
  /** Path of the model this one was made from; it must not change until the end. */
  readonly source?: string;
  /** The source's state when the work began; when publishing began, where not given. */
  readonly sourceState?: SourceState;
  /** Checks the written file (loads it, compares outputs) before it appears; throws to refuse it. */
  readonly verify?: (path: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onStep?: (step: PublishStep) => void;
  /** Opens files for writing; replaced by tests that make the disk fail. */
  readonly openOutput?: OpenOutput;
}

/** Names that other jobs took while this one was writing, before giving up. */
const attempts = 10;

/**
 * Writes a model as `<stem>.<tag>.onnx` (with `….onnx.data` where weights lie outside), or one of TensorFlow.js as the folder
 * `<stem>.<tag>` with its model.json and shards, into a staging folder, reopens and verifies it, then lets it appear: weights first,
 * the model last; a folder at once. Nothing is ever replaced; a failure or cancel leaves nothing.
 * @returns The path of the new model.
 * @throws LatheError `source-touched`, `no-space`, `io`, `cancelled`, or what `verify` throws.
 */
export async function publishModel(model: Model, options: PublishOptions): Promise<string> {
  const directory = resolve(options.directory);
  const step = options.onStep ?? ((): void => undefined);
  const layout = layoutOf(model.format);
  try {
    sweepOrphans(directory);
    const state = options.sourceState ?? (options.source === undefined ? undefined : await captureSource(options.source));
    step('captured');
    for (let attempt = 1; ; attempt++) {
      const name = await freeName(directory, layout, options);
      const path = await tryPublish(model, { directory, name, layout }, state, options, step);
      if (path !== undefined) return path;
      if (options.exact === true || attempt === attempts) throw await nameTaken(join(directory, name), options.source);
    }
  } catch (thrown) {
    throw toLatheError(thrown, directory);
  }
}

interface Place {
  readonly directory: string;
  readonly name: string;
  readonly layout: Layout;
}

/** One attempt under one name; undefined where the name was taken meanwhile. */
async function tryPublish(model: Model, { directory, name, layout }: Place, state: SourceState | undefined, options: PublishOptions, step: (step: PublishStep) => void): Promise<string | undefined> {
  const staging = await StagingFolder.create(directory);
  step('staged');
  try {
    const staged = await layout.write(model, staging, name, options);
    step('written');
    reopen(staged.path);
    step('verified');
    await options.verify?.(staged.path);
    step('compared');
    throwIfCancelled(options.signal);
    if (state !== undefined) await assertUntouched(state);
    await staged.publish(() => step('weights-published'));
    step('published');
    return join(directory, staged.published);
  } catch (thrown) {
    await staging.retract();
    if (errorCode(thrown) === 'EEXIST') return undefined;
    throw thrown;
  } finally {
    await staging.dispose();
  }
}

function reopen(path: string): void {
  const model = readModel(path, {});
  try {
    assertValid(model);
  } finally {
    model.dispose();
  }
}

async function freeName(directory: string, { suffix, beside }: Layout, { stem, tag, exact, source }: Pick<PublishOptions, 'stem' | 'tag' | 'exact' | 'source'>): Promise<string> {
  const base = tag === '' ? stem : `${stem}.${tag}`;
  if (basename(base) !== base || base === '') throw new LatheError('usage', `"${base}" is no file name.`);
  for (let n = 1; ; n++) {
    const name = `${base}${n === 1 ? '' : `-${n}`}${suffix}`;
    const path = join(directory, name);
    const taken = await Promise.all([path, ...beside.map((ending) => `${path}${ending}`)].map(isTaken));
    if (!taken.includes(true)) return name;
    if (exact === true) throw await nameTaken(path, source);
  }
}

/** Checks before the work that a name asked for is still free. @throws LatheError as {@link publishModel} */
export async function assertNameFree(format: Model['format'], options: Pick<PublishOptions, 'directory' | 'stem' | 'tag' | 'source'>): Promise<void> {
  await freeName(resolve(options.directory), layoutOf(format), { ...options, exact: true });
}

/** The error for a name that is taken: by the source itself (also by a link, or in other case), or by another file. */
async function nameTaken(path: string, source: string | undefined): Promise<LatheError> {
  if (source !== undefined && (await isSameFile(path, source)))
    return new LatheError('source-touched', 'The output would replace the source, which is never written to.', { file: path, hint: 'Choose another name for the output.' });
  const link = await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  return new LatheError('io', `${basename(path)} exists already${link ? ' as a link to somewhere else' : ''}; nothing is replaced.`, { file: path, hint: 'Choose another name, or remove it first.' });
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  try {
    const [first, second] = await Promise.all([stat(a), stat(b)]);
    return (first.ino === second.ino && first.dev === second.dev) || (await realpath(a)) === (await realpath(b));
  } catch {
    return false;
  }
}

/**
 * Writes a text file (report, recipe) the same way: it appears whole, at a path that was free. Its folder is made where it is not there.
 * @throws LatheError `io` where the path is taken, `unsafe-path` where its folder is a link, `no-space`.
 */
export async function publishText(path: string, text: string): Promise<void> {
  const target = resolve(path);
  const directory = dirname(target);
  try {
    await mkdir(directory, { recursive: true });
    // Folders of ours (.lathe) are made by us; one that is a link was planted.
    if (basename(directory).startsWith('.')) await refuseLinkedFolder(directory);
    sweepOrphans(directory);
    const staging = await StagingFolder.create(directory);
    try {
      const handle = await open(staging.path(basename(target)), 'wx');
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await staging.publish(basename(target));
    } finally {
      await staging.dispose();
    }
  } catch (thrown) {
    throw errorCode(thrown) === 'EEXIST' ? await nameTaken(target, undefined) : toLatheError(thrown, target);
  }
}
