// Reports and recipes in `.lathe/` beside the model: written whole or not at all, read back with suspicion.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, parse, relative, resolve } from 'node:path';
import { publishText } from '../formats/publish';
import type { OptimizationReport } from '../protocol/report';
import { withPaths } from '../runtime/data/description';
import type { Recipe } from './recipe';
import { reportSchema } from './reportSchema';

const folderName = '.lathe';
const reportSuffix = '.report.json';
export const recipeSuffix = '.lathe.json';
/** A report holds at most a few thousand figures; a larger file is not one. */
const largestReport = 32 * 1024 * 1024;

export function reportFolder(modelPath: string): string {
  return join(dirname(modelPath), folderName);
}

/**
 * Writes the recipe and the report of an optimization and returns the report with their paths.
 * @param name e.g. `model.int8`
 * @param folder a `.lathe` folder, the model's by default
 * @throws LatheError `io`, `no-space`
 */
export async function writeReport(report: OptimizationReport, recipe: Recipe, name: string, folder = reportFolder(report.source.path)): Promise<OptimizationReport> {
  mkdirSync(folder, { recursive: true });
  const recipePath = freePath(folder, name, recipeSuffix);
  const reportPath = join(folder, basename(recipePath).slice(0, -recipeSuffix.length) + reportSuffix);
  const complete = { ...report, recipePath, reportPath };
  const relativeTo = (path: string): string => relative(folder, path).split('\\').join('/');
  // No $schema: editors know the schema by the file's name, and a place named here would have to hold one.
  const { metric } = recipe.accept;
  const accept = metric?.charset === undefined ? recipe.accept : { ...recipe.accept, metric: { ...metric, charset: relativeTo(metric.charset) } };
  const written: Recipe = { ...recipe, accept, model: relativeTo(report.source.path), ...(recipe.data === undefined ? {} : { data: typeof recipe.data === 'string' ? relativeTo(recipe.data) : withPaths(recipe.data, relativeTo) }) };
  await publishText(recipePath, `${JSON.stringify(written, undefined, 2)}\n`);
  await publishText(reportPath, `${JSON.stringify(complete, undefined, 2)}\n`);
  return complete;
}

/** `name.lathe.json`, or `name-2.lathe.json` … where a recipe or report of that name exists. */
function freePath(folder: string, name: string, suffix: string): string {
  const taken = new Set(readdirSync(folder));
  for (let n = 1; ; n++) {
    const stem = n === 1 ? name : `${name}-${n}`;
    if (!taken.has(stem + suffix) && !taken.has(stem + reportSuffix)) return join(folder, stem + suffix);
  }
}

/** The report in a file, with paths as they are where it lies now; undefined when it is none. */
export function readReport(path: string): OptimizationReport | undefined {
  try {
    if (statSync(path).size > largestReport) return undefined;
    const parsed = reportSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? relocated(parsed.data, resolve(path)) : undefined;
  } catch {
    return undefined; // a file that cannot be read is no report; the folder may hold anything
  }
}

/** Paths of a folder that was moved or cloned lead to where it lies now, as far as what they name is there. */
function relocated(report: OptimizationReport, reportPath: string): OptimizationReport {
  const [from, to] = [dirname(report.reportPath ?? reportPath), dirname(reportPath)];
  const moved = (path: string): string => {
    const here = resolve(to, relative(from, path));
    return from !== to && existsSync(here) ? here : path;
  };
  const { source, data, variants, recipePath } = report;
  return {
    ...report,
    source: { ...source, path: moved(source.path) },
    data: data.path === undefined ? data : { ...data, path: moved(data.path) },
    variants: variants.map((variant) => (variant.path === undefined ? variant : { ...variant, path: moved(variant.path) })),
    ...(recipePath === undefined ? {} : { recipePath: moved(recipePath) }),
    reportPath,
  };
}

/** Reports about a model, newest first. Models are told apart by file name, so that a moved or cloned folder keeps its reports. */
export function readReports(modelPath: string): OptimizationReport[] {
  return readReportsBeside(modelPath).filter((report) => basename(report.source.path) === basename(modelPath));
}

/** All reports of a model's folder, newest first: also that of the model it was made from. */
export function readReportsBeside(modelPath: string): OptimizationReport[] {
  const folder = reportFolder(modelPath);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(reportSuffix));
  } catch {
    return []; // no folder: nothing was optimized yet
  }
  return names.flatMap((name) => readReport(join(folder, name)) ?? []).sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** `model` of `/a/model.onnx`. */
export function stemOf(modelPath: string): string {
  return parse(modelPath).name;
}
