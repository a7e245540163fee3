// The commands by name, each loaded when it is called: `inspect` never pays for the runtime.
import type { Session } from '../program';
import type { BenchOptions } from './bench';
import type { CheckOptions } from './check';
import type { CompareOptions } from './compare';
import type { ConvertOptions } from './convert';
import type { EvaluateOptions } from './evaluate';
import type { InlineOptions } from './inline';
import type { InspectOptions } from './inspect';
import type { OptimizeOptions, RunOptions } from './optimize';
import type { ProfileOptions } from './profile';
import type { ShardOptions } from './shard';
import type { TextOptions } from './text';
import type { UpgradeOptions } from './upgrade';

export type { BenchOptions, CheckOptions, CompareOptions, ConvertOptions, EvaluateOptions, InlineOptions, InspectOptions, OptimizeOptions, ProfileOptions, RunOptions, ShardOptions, TextOptions, UpgradeOptions };

export async function inspect(session: Session, model: string, options: InspectOptions): Promise<void> {
  await (await import('./inspect')).inspect(session, model, options);
}

export async function optimize(session: Session, model: string, options: OptimizeOptions, given: Partial<OptimizeOptions>): Promise<void> {
  await (await import('./optimize')).optimize(session, model, options, given);
}

export async function runRecipe(session: Session, recipe: string, options: RunOptions): Promise<void> {
  await (await import('./optimize')).runRecipe(session, recipe, options);
}

export async function bench(session: Session, source: string, variant: string | undefined, options: BenchOptions): Promise<void> {
  await (await import('./bench')).bench(session, source, variant, options);
}

export async function compare(session: Session, source: string, variant: string, options: CompareOptions): Promise<void> {
  await (await import('./compare')).compare(session, source, variant, options);
}

export async function evaluate(session: Session, source: string, variant: string | undefined, options: EvaluateOptions): Promise<void> {
  await (await import('./evaluate')).evaluate(session, source, variant, options);
}

export async function check(session: Session, model: string, options: CheckOptions): Promise<void> {
  await (await import('./check')).check(session, model, options);
}

export async function convert(session: Session, model: string, options: ConvertOptions): Promise<void> {
  await (await import('./convert')).convert(session, model, options);
}

export async function shard(session: Session, model: string, options: ShardOptions): Promise<void> {
  await (await import('./shard')).shard(session, model, options);
}

export async function profile(session: Session, model: string, options: ProfileOptions): Promise<void> {
  await (await import('./profile')).profile(session, model, options);
}

export async function text(model: string, options: TextOptions): Promise<void> {
  await (await import('./text')).text(model, options);
}

export async function upgrade(session: Session, model: string, options: UpgradeOptions): Promise<void> {
  await (await import('./upgrade')).upgrade(session, model, options);
}

export async function inline(session: Session, model: string, options: InlineOptions): Promise<void> {
  await (await import('./inline')).inline(session, model, options);
}

/** The project's version, as package.json has it. */
export { version } from '../../../package.json';
