// Applies the steps of a plan to a model, each checked as it is made; plans that begin alike share what they have in common.
import { LatheError } from '../base/errors';
import type { Model } from '../graph/model';
import { assertValid } from '../graph/verify';
import type { GainEstimate } from '../protocol/findings';
import type { StepReport } from '../protocol/report';
import { int8KernelsSaturate } from '../techniques/quantize/saturation';
import { techniques } from '../techniques/registry';
import type { Technique, TechniqueContext } from '../techniques/technique';
import type { CandidateStep } from './candidates';

/** A model made by steps, and what they said. */
export interface Built {
  readonly model: Model;
  readonly steps: readonly StepReport[];
  /** Those of them that changed something. */
  readonly changing: readonly StepReport[];
  readonly uncalibrated: boolean;
  /** True when no step changed anything. */
  readonly unchanged: boolean;
  readonly predicted: GainEstimate;
}

/** Why a plan cannot be applied to this model: not an error, just not for it. */
export class DoesNotApply {
  constructor(readonly reason: string) {}
}

export class Builder {
  private readonly built = new Map<string, Promise<Built | DoesNotApply>>();
  private saturates: Promise<boolean> | undefined;

  constructor(
    private readonly source: Model,
    private readonly context: TechniqueContext,
  ) {}

  /** @throws LatheError what a technique or the verifier throws; `usage` for options that do not fit. */
  build(steps: readonly CandidateStep[]): Promise<Built | DoesNotApply> {
    const key = JSON.stringify(steps);
    const known = this.built.get(key);
    if (known !== undefined) return known;
    const building = this.apply(steps);
    this.built.set(key, building);
    building.catch(() => this.built.delete(key));
    return building;
  }

  private async apply(steps: readonly CandidateStep[]): Promise<Built | DoesNotApply> {
    const last = steps.at(-1);
    if (last === undefined) return { model: this.source, steps: [], changing: [], uncalibrated: false, unchanged: true, predicted: {} };
    const before = await this.build(steps.slice(0, -1));
    if (before instanceof DoesNotApply) return before;
    const technique = techniqueOf(last.technique);
    const given = await this.resolve(technique, last.options);
    const reason = technique.applies(before.model);
    if (reason !== undefined) return new DoesNotApply(`${technique.title} does not apply: ${reason}`);
    const options = ((await technique.resolve?.(before.model, given, this.context)) ?? given) as Record<string, unknown>;
    this.context.progress({ message: technique.title });
    const start = performance.now();
    const result = await technique.apply(before.model, options, this.context);
    assertValid(result.model);
    const step: StepReport = { technique: technique.id, title: technique.title, options, notes: result.notes, kept: result.kept, ...(result.weights === undefined ? {} : { weights: result.weights }), milliseconds: performance.now() - start };
    return {
      model: result.model,
      steps: [...before.steps, step],
      changing: result.unchanged ? before.changing : [...before.changing, step],
      uncalibrated: before.uncalibrated || result.uncalibrated,
      unchanged: before.unchanged && result.unchanged,
      predicted: sum(before.predicted, technique.estimate(before.model, options)),
    };
  }

  /** The options with defaults filled in and `auto` decided, so that a report can be replayed. */
  private async resolve(technique: Technique, options: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const parsed = technique.options.safeParse(options);
    if (!parsed.success) throw new LatheError('usage', `Options of ${technique.id}: ${parsed.error.issues[0]?.message ?? 'not valid'}.`, { item: parsed.error.issues[0]?.path.join('.') ?? technique.id });
    const resolved = { ...(parsed.data as Record<string, unknown>) };
    if (resolved['reduceRange'] === 'auto') {
      this.saturates ??= int8KernelsSaturate(this.context);
      resolved['reduceRange'] = await this.saturates;
    }
    return resolved;
  }
}

/** @throws LatheError `usage` naming the techniques there are. */
function techniqueOf(id: string): Technique {
  const technique = techniques.get(id);
  if (technique === undefined) throw new LatheError('usage', `There is no technique ${id}.`, { item: id, hint: `Techniques: ${[...techniques.keys()].join(', ')}.` });
  return technique;
}

function sum(a: GainEstimate, b: GainEstimate): GainEstimate {
  if (a.weightBytes === undefined || b.weightBytes === undefined) return { ...a, ...b };
  return { ...a, ...b, weightBytes: { low: a.weightBytes.low + b.weightBytes.low, high: a.weightBytes.high + b.weightBytes.high } };
}
