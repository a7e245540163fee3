// What the reports beside a model say of its layers: sensitivity of a source, errors of a variant that one of them made.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { OptimizationReport } from '../protocol/report';
import { readReportsBeside } from './report';

/** Relative errors (RMS) by node key; absent where no report about this very file has them. */
export interface LayerFigures {
  readonly sensitivity?: ReadonlyMap<string, number>;
  readonly layerError?: ReadonlyMap<string, number>;
}

/** Never throws: files that are no reports say nothing. A model that changed since has no figures. */
export function layerFiguresOf(modelPath: string): LayerFigures {
  let file: { readonly size: number; readonly mtimeMs: number };
  try {
    file = statSync(modelPath);
  } catch {
    return {};
  }
  const reports = readReportsBeside(modelPath);
  const name = basename(modelPath);
  const sensitivity = reports.find((report) => report.sensitivity !== undefined && basename(report.source.path) === name && file.mtimeMs <= Date.parse(report.startedAt))?.sensitivity;
  const layerErrors = reports.flatMap((report) => variantsAt(report, name, file.size)).find((variant) => variant.layerErrors !== undefined)?.layerErrors;
  return {
    ...(sensitivity === undefined ? {} : { sensitivity: new Map(sensitivity.layers.flatMap(({ origins, outputDb }) => (outputDb === undefined ? [] : origins.map((origin) => [origin, relativeError(outputDb)] as const)))) }),
    ...(layerErrors === undefined ? {} : { layerError: new Map(layerErrors.map(({ layer, sqnrDb }) => [layer, relativeError(sqnrDb)])) }),
  };
}

function variantsAt({ variants }: OptimizationReport, name: string, bytes: number): OptimizationReport['variants'] {
  return variants.filter(({ path, fileBytes }) => path !== undefined && basename(path) === name && fileBytes === bytes);
}

/** SQNR is of powers, an error of amplitudes. */
function relativeError(decibels: number): number {
  return 10 ** (-decibels / 20);
}
