// What the engine does for each request of the protocol: one row per method.
import type { WorkContext } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { Log } from '../base/log';
import type { ModelFile } from '../formats/open';
import type { EngineMethod, EngineNotifications, EngineRequests, EngineSettings } from '../protocol/engine';
import type { OverBudget } from '../runtime/watchdog';
import { defaultSettings, Documents, type EngineDocument } from './documents';
import { Running, type ChosenFix } from './running';
import * as service from './service';
import type { Texts } from './texts';
import type { HeavyWork } from './threads';

export type EngineHandlers = {
  readonly [M in EngineMethod]: (params: EngineRequests[M]['params'], context: WorkContext) => Promise<EngineRequests[M]['result']>;
};

export interface EngineEnvironment {
  readonly log: Log;
  readonly runnerState: (state: EngineNotifications['runner/state']) => void;
  readonly overBudget: OverBudget;
  /** Findings that read the weights, and comparisons of two models, made where they do not hold up other requests. */
  readonly heavyWork?: HeavyWork;
}

export function createHandlers(environment: EngineEnvironment): EngineHandlers {
  const documents = new Documents();
  let settings: EngineSettings = {};
  let openTexts: Promise<Texts> | undefined;
  const texts = async (): Promise<Texts> => await (openTexts ??= import('./texts').then((module) => new module.Texts()));
  const running = new Running({
    settings: () => settings,
    log: environment.log,
    overBudget: environment.overBudget,
    fallback: (message) => environment.runnerState({ state: 'fallback', message }),
  });
  const heavy: HeavyWork = environment.heavyWork ?? service;
  return {
    'engine/configure': async (params) => {
      settings = params.settings;
      return await Promise.resolve(null);
    },
    'engine/devices': async () => {
      const { publishedDevices } = await import('../analysis/roofline');
      return publishedDevices.map((device) => device.name);
    },
    'model/open': async ({ path, bindings, settings: ofModel, followCacheLinks }) => {
      const document = await documents.open(path, followCacheLinks, ofModel);
      try {
        const { toSummary } = await import('../analysis/inspection');
        const { weightFiles } = await import('../formats/weightFiles');
        const files = [...weightFiles(document.model)].filter((file) => file !== document.path);
        return { document: document.id, files, summary: toSummary(document.model, await service.analyze(document, bindings), (await service.analyzeShown(document, bindings)).totals.peakActivationBytes) };
      } catch (thrown) {
        documents.close(document.id);
        throw thrown;
      }
    },
    'model/close': async ({ document }) => {
      documents.close(document);
      return await Promise.resolve(null);
    },
    'model/snapshot': async ({ document, bindings }, { signal }) => await service.snapshot(documents.get(document), bindings, signal),
    'model/detail': async ({ document, layer, bindings }, { signal }) => await service.detail(documents.get(document), layer, bindings, signal),
    'model/findings': async ({ document, bindings, deep }, { signal }) => await (deep ? heavy : service).findings(documents.get(document), bindings, deep, signal),
    'model/text': async ({ document, keep }) => await service.text(documents.get(document), keep),
    'model/jsonPlaces': async ({ document, names }) => {
      const { placesInJson } = await import('../formats/tfjs/places');
      return [...placesInJson(documents.get(document).model, new Set(names))].map(([name, range]) => ({ name, range }));
    },
    'text/read': async ({ uri, version, text, source }) => await (await texts()).read(uri, version, text, source === undefined ? undefined : documents.get(source).model),
    'model/compareTexts': async ({ before, after }, { signal }) => await heavy.compareTexts(documents.get(before), documents.get(after), signal),
    'model/compareGraphs': async ({ before, after, bindings }, { signal }) => await heavy.compareGraphs(documents.get(before), documents.get(after), bindings, signal),
    'model/measurePairs': async ({ before, after, bindings }, context) => {
      const [one, other] = [documents.get(before), documents.get(after)];
      context.progress({ message: 'Matching their nodes' });
      return await running.measurePairs(one, other, await heavy.compareGraphs(one, other, bindings, context.signal), bindings, context);
    },
    'model/editCopy': async ({ document }, { signal }) => {
      const { makeEditedCopy } = await import('../formats/editedCopy');
      return { path: await makeEditedCopy(documents.get(document).model, signal) };
    },
    'text/save': async ({ path, text }, { signal }) => {
      const { saveEditedCopy } = await import('../formats/editedCopy');
      return { lost: (await saveEditedCopy(path, text, signal)).map(({ item, what }) => `${item}: ${what}`) };
    },
    'text/word': async ({ line, character, ...of }) => (await texts()).word(of, line, character),
    'text/value': async ({ line, character, ...of }) => (await texts()).value(of, line, character),
    'text/rename': async ({ line, character, name, ...of }) => (await texts()).rename(of, line, character, name),
    'text/fixes': async ({ firstLine, lastLine, ...of }) => (await texts()).fixes(of, firstLine, lastLine),
    'text/operator': async ({ line, character, at, ...of }) => (await texts()).operator(of, line, character, at),
    'text/complete': async ({ line, character, ...of }) => (await texts()).complete(of, line, character),
    'text/hints': async ({ firstLine, lastLine, ...of }) => (await texts()).hints(of, firstLine, lastLine),
    'text/tokens': async ({ firstLine, lastLine, ...of }) => (await texts()).tokens(of, firstLine, lastLine),
    'text/close': async ({ uri }) => {
      (await texts()).close(uri);
      return null;
    },
    'model/lineCosts': async ({ document, bindings }) => await service.lineCosts(documents.get(document), bindings),
    'model/profile': async ({ document, bindings }, context) => await running.profile(documents.get(document), bindings, context),
    'model/optimize': async ({ document, fix, output, ...request }, context) => {
      const open = documents.get(document);
      const chosen = fix === undefined ? undefined : await findFix(open, fix, request.bindings, context);
      return await running.optimize(open, { ...request, ...(output === undefined ? {} : { outputPath: output }) }, chosen, context);
    },
    'model/inline': async ({ document, ...request }, context) => await running.inline(documents.get(document), request, context),
    'model/convert': async ({ document, output }, context) => {
      const { convertModel } = await import('../recipes/convert');
      const { model, path } = documents.get(document);
      const { path: made, notLowered } = await convertModel(model, { modelPath: path, outputPath: output }, context);
      return { ...(made === undefined ? {} : { path: made }), notLowered };
    },
    'model/forPage': async ({ document, bindings }) => {
      const { pageModels } = await import('./pageModels');
      return pageModels(documents.get(document), bindings);
    },
    'recipe/read': async ({ path }) => {
      const { readRecipe, requestOf } = await import('../recipes/execute');
      const { modelPath, outputPath } = requestOf(readRecipe(path), path);
      return { model: modelPath, ...(outputPath === undefined ? {} : { output: outputPath }) };
    },
    'recipe/run': async ({ path, ...options }, context) => await running.runRecipe(path, options, context),
    'bench/compare': async ({ source, variant, bindings, settings: ofModel = defaultSettings, followCacheLinks = [] }, context) => {
      const { modelFile } = await import('../formats/open');
      const file = (path: string): ModelFile => modelFile(path, followCacheLinks.includes(path));
      return await running.bench(file(source), variant === undefined ? undefined : file(variant), bindings, ofModel, context);
    },
    'data/summary': async ({ path }) => {
      const { summarize } = await import('../runtime/data/recognise');
      return summarize(path);
    },
    'reports/list': async ({ path }) => {
      const { readReports } = await import('../recipes/report');
      return readReports(path);
    },
    'reports/read': async ({ path }) => {
      const [{ readReport }, { reportMarkdown }] = await Promise.all([import('../recipes/report'), import('../recipes/markdown')]);
      const report = readReport(path);
      if (report === undefined) throw new LatheError('malformed', 'This is not a report of an optimization.', { file: path });
      return { markdown: reportMarkdown(report) };
    },
  };

  /** A fix by its id; those that come from the weights are looked for last, as reading them takes time. */
  async function findFix(document: EngineDocument, id: string, bindings: Readonly<Record<string, number>>, { signal }: WorkContext): Promise<ChosenFix> {
    for (const deep of [false, true])
      for (const finding of await (deep ? heavy : service).findings(document, bindings, deep, signal)) {
        const fix = finding.fixes.find((one) => one.id === id);
        if (fix !== undefined) return { technique: fix.technique, options: fix.options, title: fix.title, ...(fix.simplifyFirst === undefined ? {} : { simplifyFirst: fix.simplifyFirst }) };
      }
    throw new LatheError('not-found', 'This fix is not offered any more.', { file: document.path, item: id, hint: 'The model has changed since; see its findings again.' });
  }
}
