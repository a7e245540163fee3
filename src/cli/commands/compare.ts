// `lathe compare A B`: outputs of two models on the same inputs, with `--floor` a gate; and both node by node.
import { compareStructure } from '../../analysis/structuralDiff';
import { modelFile, openModel } from '../../formats/open';
import { defaultBindings } from '../../graph/defaultBindings';
import type { Model } from '../../graph/model';
import type { StructureComparison } from '../../protocol/analysis';
import { belowFloor, floorFor } from '../../recipes/acceptance';
import { sentence } from '../../recipes/trial';
import { compareModels } from '../../runtime/compare';
import type { PictureArguments } from '../arguments';
import type { Session } from '../program';
import { comparisonLines } from '../render/measurement';
import { structureLines } from '../render/structure';
import { print, printJson } from '../terminal';
import { type RunModelOptions, runnerStart, samplesFor, withModel } from './running';

export interface CompareOptions extends RunModelOptions, PictureArguments {
  readonly floor?: number;
  /** Layers shown; 0 leaves the comparison node by node away. */
  readonly layers: number;
}

export async function compare(session: Session, source: string, variant: string, options: CompareOptions): Promise<void> {
  await withModel(source, options, async (model, file) => {
    const samples = await samplesFor(model, options);
    const comparison = await compareModels(file, modelFile(variant, options.followCacheLinks), samples, { provider: options.provider, threads: options.threads, start: runnerStart(options), ...session.context });
    session.line.clear();
    const problem = comparison.outputs.find((output) => output.problem !== undefined)?.problem;
    const { metric } = comparison;
    const below = options.floor === undefined ? undefined : belowFloor(metric, floorFor(metric?.name ?? 'sqnr', options.floor));
    if (below !== undefined || problem !== undefined) session.outcome.exitCode = 1;
    const structure = (options.layers === 0 && options.json !== true) || comparison.runtimes !== undefined ? undefined : structureOf(model, variant, options);
    if (options.json) printJson({ ...comparison, structure });
    else for (const line of [...comparisonLines(comparison), ...(structure === undefined ? [] : ['', ...structureLines(structure, options.layers)])]) print(line);
    if (below !== undefined) process.stderr.write(`lathe: ${sentence(below)}\n`);
  });
}

function structureOf(model: Model, variant: string, options: CompareOptions): StructureComparison {
  const changed = openModel(variant, modelFile(variant, options.followCacheLinks));
  try {
    return compareStructure(model, changed, { bindings: defaultBindings(model.graph, options.bind) });
  } finally {
    changed.dispose();
  }
}
