// What the engine can do with a model: the functions behind the editor's requests and the terminal's commands.
// Every module is loaded when its function is called, so that `inspect` never pays for the runtime or the techniques.
import { checkpoint, detachedContext, throwIfCancelled, type WorkContext } from '../base/cancellation';
import type { ModelAnalysis } from '../analysis/analyze';
import type { ComparedModel } from '../analysis/graphComparison';
import { assertBindable, defaultBindings } from '../graph/defaultBindings';
import type { Model } from '../graph/model';
import { unrunnableOpset } from '../graph/opsets';
import type { Inspection } from '../protocol/analysis';
import type { GraphComparison } from '../protocol/comparison';
import type { Bindings, LineCost, ModelSettings, TextDocument } from '../protocol/engine';
import type { Finding } from '../protocol/findings';
import { measuredMilliseconds, type Profile } from '../protocol/measurement';
import type { LayerColumns, LayerDetail, ModelSnapshot } from '../protocol/view';
import { bindingsKey, type EngineDocument } from './documents';

export interface InspectOptions {
  readonly bindings?: Bindings;
  /** Read the weights too. */
  readonly deep?: boolean;
  /** Follow the links by which the Hugging Face cache keeps the model's weights. */
  readonly followCacheLinks?: boolean;
  readonly settings?: Pick<ModelSettings, 'oversizedShare' | 'oversizedMinimum'>;
}

/**
 * Everything that is known of a model file without running it.
 * @throws LatheError for a file that is not a valid model; `usage` for bindings it has no dimension for; `cancelled`.
 */
export async function inspect(path: string, options: InspectOptions = {}, context: WorkContext = detachedContext()): Promise<Inspection> {
  const { modelFile, openModel } = await import('../formats/open');
  const model = openModel(path, modelFile(path, options.followCacheLinks));
  try {
    assertBindable(model.graph, options.bindings ?? {});
    throwIfCancelled(context.signal);
    const [{ analyzeModel }, { toSummary, toLayerSummaries }, { findFindings }] = await Promise.all([import('../analysis/analyze'), import('../analysis/inspection'), import('../advice/findings')]);
    const analysis = analyzeModel(model, { bindings: defaultBindings(model.graph, options.bindings) });
    throwIfCancelled(context.signal);
    const deep = options.deep ?? false;
    const findings = await findFindings(model, analysis, { deep, signal: context.signal, ...(options.settings === undefined ? {} : { settings: options.settings }) });
    const shown = model.functions.length === 0 ? model : (await import('./shownModel')).shownModel(model).model;
    const { totals } = shown === model ? analysis : analyzeModel(shown, { bindings: analysis.bindings });
    return { ...toSummary(model, analysis, totals.peakActivationBytes), layers: toLayerSummaries(analysis), findings, deep };
  } finally {
    model.dispose();
  }
}

/**
 * The document's analysis, made at most once. Dimensions that the bindings leave open get the values a run would give
 * them, so that costs are known at the first look and stand beside measurements; the summary states them.
 */
export async function analyze(document: EngineDocument, bindings: Bindings): Promise<ModelAnalysis> {
  return await analyzeAt(document, defaultBindings(document.model.graph, bindings));
}

/** The same of what the model view shows, see shownModel.ts: the model itself where it has no functions. */
export async function analyzeShown(document: EngineDocument, bindings: Bindings): Promise<ModelAnalysis> {
  if (document.model.functions.length === 0) return await analyze(document, bindings);
  const { shownModel } = await import('./shownModel');
  return await analyzeAt(document, defaultBindings(document.model.graph, bindings), shownModel(document.model).model);
}

async function analyzeAt(document: EngineDocument, bindings: Bindings, model = document.model): Promise<ModelAnalysis> {
  const key = `${model === document.model ? '' : 'shown '}${bindingsKey(bindings)}`;
  const known = document.analyses.get(key);
  if (known !== undefined) return known;
  const { analyzeModel } = await import('../analysis/analyze');
  const analysis = analyzeModel(model, { bindings });
  if (document.analyses.size >= keptAnalyses) document.analyses.clear();
  document.analyses.set(key, analysis);
  return analysis;
}

/** A person tries a few bindings; more than these would only hold memory. */
const keptAnalyses = 8;

export async function findings(document: EngineDocument, bindings: Bindings, deep: boolean, signal: AbortSignal): Promise<readonly Finding[]> {
  const { findFindings } = await import('../advice/findings');
  const profile = await profileWithCalls(document, bindings);
  return await findFindings(document.model, await analyze(document, bindings), { deep, settings: document.settings, signal, ...(profile === undefined ? {} : { profile }) });
}

/** What the model view draws. */
export async function snapshot(document: EngineDocument, bindings: Bindings, signal: AbortSignal): Promise<ModelSnapshot> {
  const [{ buildSnapshot }, { toSummary }] = await Promise.all([import('../analysis/snapshot'), import('../analysis/inspection')]);
  const { model, sites } = document.model.functions.length === 0 ? { model: document.model } : (await import('./shownModel')).shownModel(document.model);
  const analysis = await analyzeShown(document, bindings);
  throwIfCancelled(signal);
  const found = await findings(document, bindings, false, signal);
  const profile = profileOf(document, bindings);
  const reason = cannotRun(document.model);
  const summary = toSummary(document.model, await analyze(document, bindings), analysis.totals.peakActivationBytes);
  const drawn = buildSnapshot(model, analysis, found, sites);
  return { ...drawn, layers: await withLayerFigures(drawn.layers, document.path), summary, version: document.version, ...(profile === undefined ? {} : { profile }), ...(reason === undefined ? {} : { cannotRun: reason }) };
}

/** The columns with what reports beside the model say of its layers. */
async function withLayerFigures(layers: LayerColumns, path: string): Promise<LayerColumns> {
  const { layerFiguresOf } = await import('../recipes/layerFigures');
  const column = (figures: ReadonlyMap<string, number>): Float64Array => Float64Array.from(layers.keys, (key) => figures.get(key) ?? Number.NaN);
  const { sensitivity, layerError } = layerFiguresOf(path);
  return { ...layers, ...(sensitivity === undefined ? {} : { sensitivity: column(sensitivity) }), ...(layerError === undefined ? {} : { layerError: column(layerError) }) };
}

/** Why nothing can be run here, where that is known without trying. */
export function cannotRun(model: Pick<Model, 'format' | 'opsetImports'>, platform = process.platform, architecture = process.arch): string | undefined {
  if (platform === 'darwin' && architecture === 'x64') return 'onnxruntime has no binary for Macs with an Intel processor; everything but running works.';
  if (model.format !== 'onnx') return undefined; // operator sets are ONNX's
  const unrunnable = unrunnableOpset(model);
  return unrunnable === undefined ? undefined : `${unrunnable.reason}.`;
}

/** @throws LatheError `not-found` when the model has no such layer. */
export async function detail(document: EngineDocument, layer: string, bindings: Bindings, signal: AbortSignal): Promise<LayerDetail> {
  const { layerDetail } = await import('./detail');
  return await layerDetail(document, await analyzeShown(document, bindings), layer, signal);
}

/** @throws LatheError `unsupported` for models that have no text yet */
async function assertText(...models: readonly Model[]): Promise<void> {
  const { assertOnnx } = await import('../formats/open');
  for (const model of models) assertOnnx(model, 'shown as text');
}

/** The model in ONNX's textual syntax, with the lines of its nodes and values. */
export async function text({ model }: EngineDocument, keep: boolean): Promise<TextDocument> {
  await assertText(model);
  const [{ printText, readText }, { textDocument }] = await Promise.all([import('./texts'), import('../formats/text/read')]);
  return textDocument(await readText(await printText(model, keep), model));
}

/** Both models as texts that differ only where the models do; the weights are read to tell which are equal. @throws LatheError where those cannot be read */
export async function compareTexts(before: EngineDocument, after: EngineDocument, signal: AbortSignal): Promise<{ readonly before: string; readonly after: string }> {
  await assertText(before.model, after.model);
  const [{ matchModels }, { alignModel }, { printModel }, { referToContent, referToPlaces }] = await Promise.all([import('../analysis/match'), import('../analysis/align'), import('../formats/text/print'), import('../formats/text/references')]);
  const print = (model: Model): string => printModel(model, { refer: referToContent(referToPlaces(model)) });
  const match = matchModels(before.model, after.model);
  await checkpoint(signal);
  return { before: print(before.model), after: print(alignModel(before.model, after.model, match)) };
}

/** The model whose nodes the snapshot's layers are, with functions opened. */
export async function analyzedAsShown(document: EngineDocument, bindings: Bindings): Promise<Omit<ComparedModel, 'snapshot'>> {
  const { shownModel } = await import('./shownModel');
  return { model: shownModel(document.model).model, analysis: await analyzeShown(document, bindings) };
}

/** Both models as graphs with the pairs of their layers; the weights are read to tell which are equal. @throws LatheError where those cannot be read */
export async function compareGraphs(before: EngineDocument, after: EngineDocument, bindings: Bindings, signal: AbortSignal): Promise<GraphComparison> {
  const { compareGraphs: compare } = await import('../analysis/graphComparison');
  const side = async (document: EngineDocument): Promise<ComparedModel> => ({ ...(await analyzedAsShown(document, bindings)), snapshot: await snapshot(document, bindings, signal) });
  const [one, other] = [await side(before), await side(after)];
  await checkpoint(signal);
  return compare(one, other);
}

/** Costs of the lines of the text, those that cost nothing left out. */
export async function lineCosts(document: EngineDocument, bindings: Bindings): Promise<readonly LineCost[]> {
  const { layers } = await analyze(document, bindings);
  const profile = await profileWithCalls(document, bindings);
  const costs: LineCost[] = [];
  for (const { key, parameters, macs, weightBytes } of layers) {
    const milliseconds = measuredMilliseconds(profile, key);
    if (parameters === 0 && (macs ?? 0) === 0 && milliseconds === undefined) continue;
    costs.push({ key, parameters, macs, weightBytes, ...(milliseconds === undefined ? {} : { milliseconds }) });
  }
  return costs;
}

/** The profile measured at these bindings, if one was. */
export function profileOf(document: EngineDocument, bindings: Bindings): Profile | undefined {
  return document.profiles.get(profileKey(document, bindings));
}

/** The profile with the model's own calls in it: it was taken of what they are made of. */
async function profileWithCalls(document: EngineDocument, bindings: Bindings): Promise<Profile | undefined> {
  const profile = profileOf(document, bindings);
  return profile === undefined || document.model.functions.length === 0 ? profile : (await import('./shownModel')).withCalls(document.model, profile);
}

function profileKey(document: EngineDocument, bindings: Bindings): string {
  return bindingsKey(defaultBindings(document.model.graph, bindings));
}

/** Keeps a profile with its document, so that later snapshots, findings and line costs know it. */
export function rememberProfile(document: EngineDocument, bindings: Bindings, profile: Profile): void {
  document.profiles.set(profileKey(document, bindings), profile);
}
