// Tools that a language model in the editor may call: look at a model, optimize one. The person confirms what runs or writes.
import path from 'node:path';
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../base/format';
import { LatheError, toLatheError } from '../base/errors';
import type { Finding } from '../protocol/findings';
import type { ModelSnapshot } from '../protocol/view';
import { compareFindings } from './findingLines';
import { requireTrust, type Host } from './host';
import { t } from './translate';
import { errorSentence, fixPhrase } from './wording';
import type { Work } from './work';

/** What the schemas in the manifest ask for; nothing has checked it yet. */
interface InspectInput {
  readonly path?: unknown;
}

interface FixInput extends InspectInput {
  readonly fix?: unknown;
}

/** More would only fill the context of whoever asks. */
const toldLayers = 15;
const toldFindings = 25;

export function registerLanguageTools(host: Host, work: () => Promise<Work>): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.lm.registerTool<InspectInput>('inspect_onnxModel', {
      prepareInvocation: ({ input }) => ({ invocationMessage: t('Inspecting {0}', path.basename(modelFile(input.path).fsPath)) }),
      invoke: async ({ input }) =>
        await answer(async () => {
          const uri = modelFile(input.path);
          return await host.models.use(uri, async (model) => describeModel(await model.load(), model.findings));
        }),
    }),
    vscode.lm.registerTool<FixInput>('optimize_onnxModel', {
      prepareInvocation: ({ input }) => {
        const name = path.basename(modelFile(input.path).fsPath);
        return {
          invocationMessage: t('Optimizing {0}', name),
          confirmationMessages: { title: t('Optimize {0}?', name), message: t('Runs the model on this machine and, if the change is measured better, writes a new file beside it: {0}', fixId(input.fix)) },
        };
      },
      invoke: async ({ input }) =>
        await answer(async () => {
          await requireTrust();
          const report = await (await work()).applyFix(modelFile(input.path), fixId(input.fix));
          if (report === undefined) return t('Cancelled.');
          return [report.conclusion, ...report.variants.map((variant) => `${variant.title}: ${variant.status}, ${variant.reason} ${variant.path ?? ''}`)].join('\n');
        }),
    }),
  );
}

/** @throws LatheError `usage` for anything but the absolute path of an .onnx file. */
function modelFile(file: unknown): vscode.Uri {
  if (typeof file !== 'string' || !path.isAbsolute(file) || path.extname(file) !== '.onnx') throw new LatheError('usage', 'The path must be the absolute path of an .onnx file.');
  return vscode.Uri.file(file);
}

/** @throws LatheError `usage` for anything but text. */
function fixId(fix: unknown): string {
  if (typeof fix !== 'string' || fix === '') throw new LatheError('usage', 'The fix must be the id of one that inspect_onnxModel names.');
  return fix;
}

async function answer(work: () => Promise<string>): Promise<vscode.LanguageModelToolResult> {
  let text: string;
  try {
    text = await work();
  } catch (thrown) {
    text = errorSentence(toLatheError(thrown));
  }
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
}

/** Structure, costliest layers and findings as plain lines. */
export function describeModel({ summary, layers }: ModelSnapshot, findings: readonly Finding[]): string {
  // Unknown MACs are NaN in the column: they sort as none, and are said to be unknown.
  const macs = (i: number): number => layers.macs[i] ?? Number.NaN;
  const known = (i: number): number => (Number.isNaN(macs(i)) ? 0 : macs(i));
  const byMacs = [...layers.keys.keys()].sort((a, b) => known(b) - known(a) || (layers.parameters[b] ?? 0) - (layers.parameters[a] ?? 0));
  return [
    `${summary.path}: ${formatCount(summary.parameters)} parameters, ${formatBytes(summary.weightBytes)} of weights, ${summary.macs === null ? 'MACs unknown' : formatCount(summary.macs, 'MACs')}, ${summary.nodes} nodes`,
    `opsets ${JSON.stringify(summary.opsets)}, bindings ${JSON.stringify(summary.bindings)}`,
    'Costliest layers (name, operator, output, parameters, MACs):',
    ...byMacs.slice(0, toldLayers).map((i) => `- ${layers.keys[i] ?? ''}, ${layers.opNames[layers.op[i] ?? 0] ?? ''}, ${layers.shape[i] ?? ''}, ${layers.parameters[i] ?? 0}, ${Number.isNaN(macs(i)) ? 'unknown' : macs(i)}`),
    'Findings, each with the fixes that optimize_onnxModel takes by id:',
    ...[...findings].sort(compareFindings).slice(0, toldFindings).flatMap((finding) => [`- ${finding.code}${finding.layer === undefined ? '' : ` ${finding.layer}`}: ${finding.message}`, ...finding.fixes.map((fix) => `  fix ${fix.id}: ${fixPhrase(fix)}`)]),
  ].join('\n');
}
