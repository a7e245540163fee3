// What is asked of data: which folder or file, and of images how they are fed.
import path from 'node:path';
import * as vscode from 'vscode';
import type { DataSummary } from '../protocol/data';
import type { PictureOptions, PictureOrder, PixelScale } from '../protocol/measurement';
import type { Host } from './host';
import { foundText } from './metricQuestions';
import { pick, type Choice, type Step, type StepResult } from './steps';
import { t } from './translate';

/** Folders last used as data, newest first. */
const recentKey = 'modelLathe.recentData';
const recentKept = 5;

type DataChoice = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'browse'; readonly folder: boolean } | { readonly kind: 'none' };

/** What a technique that calibrates is given: data, or the person's word that it may do without. */
export interface Calibration {
  /** Folder or file; absent for seeded random inputs. */
  readonly data?: string;
  readonly pictures?: PictureOptions;
  readonly allowUncalibrated?: true;
}

/** Which data to calibrate and check with; undefined for none. */
export async function askData(host: Host, model: vscode.Uri, step: Step): Promise<StepResult<string | undefined>> {
  const choices: Choice<DataChoice>[] = [
    ...(await recentChoices(host)),
    { label: t('Choose a folder…'), detail: t('Images (classes by subfolder), recordings, .npy or .npz files, or ONNX test_data_set folders.'), value: { kind: 'browse', folder: true } },
    { label: t('Choose a file…'), detail: t('NumPy, IDX, CSV, JSON lines, WAV or text; or a description of data.'), value: { kind: 'browse', folder: false } },
    { label: t('No data'), detail: t('Random inputs: a quantized result is marked uncalibrated and not accepted.'), value: { kind: 'none' } },
  ];
  return await pickData(host, model, step, choices);
}

/** Data for what a technique measures its ranges on; without any, whether the result is kept although uncalibrated. Undefined when the person leaves. */
export async function askCalibration(host: Host, model: vscode.Uri, title: string): Promise<Calibration | undefined> {
  const choices: Choice<DataChoice>[] = [
    ...(await recentChoices(host)),
    { label: t('Choose a data folder…'), detail: t('Images (classes by subfolder), recordings, .npy or .npz files, or ONNX test_data_set folders.'), value: { kind: 'browse', folder: true } },
    { label: t('Seeded random inputs'), detail: t('Keeps the result although uncalibrated: its accuracy on real inputs is unknown, and it is marked so.'), value: { kind: 'none' } },
  ];
  for (;;) {
    const chosen = await pickData(host, model, { title, step: 1, steps: 1, placeholder: t('Which data are its ranges measured on? They should be like those it will meet.') }, choices);
    if (chosen.kind !== 'answer') return undefined;
    const data = chosen.value;
    if (data === undefined) return { allowUncalibrated: true };
    if ((await summaryOf(host, data))?.kind !== 'images') return { data };
    const fed = await askPictures({ title, step: 2, steps: 2, placeholder: '' }, undefined);
    if (fed.kind === 'left') return undefined;
    if (fed.kind === 'answer') return { data, ...(fed.value === undefined ? {} : { pictures: fed.value }) };
  }
}

function recentData(host: Host): readonly string[] {
  return host.context.workspaceState.get<readonly string[]>(recentKey, []);
}

/** With what is found there now. */
async function recentChoices(host: Host): Promise<Choice<DataChoice>[]> {
  return await Promise.all(
    recentData(host).map(async (one): Promise<Choice<DataChoice>> => {
      const summary = await summaryOf(host, one);
      return { label: path.basename(one), description: path.dirname(one), detail: summary === undefined ? t('used before') : t('used before: {0}', foundText(summary)), value: { kind: 'path', path: one } };
    }),
  );
}

/** Asks until data are chosen, or none; what is chosen is offered first the next time. */
async function pickData(host: Host, model: vscode.Uri, step: Step, choices: readonly Choice<DataChoice>[]): Promise<StepResult<string | undefined>> {
  for (;;) {
    const result = await pick(step, choices);
    if (result.kind !== 'answer') return result;
    const choice = result.value;
    if (choice.kind === 'none') return { kind: 'answer', value: undefined };
    const chosen = choice.kind === 'path' ? choice.path : await browse(model, choice.folder);
    if (chosen === undefined) continue;
    await host.context.workspaceState.update(recentKey, [chosen, ...recentData(host).filter((one) => one !== chosen)].slice(0, recentKept));
    return { kind: 'answer', value: chosen };
  }
}

/** What the engine finds at a path; what it cannot feed it says when the work begins. */
export async function summaryOf(host: Host, data: string | undefined): Promise<DataSummary | undefined> {
  if (data === undefined) return undefined;
  try {
    const engine = await host.engine();
    return await engine.request('data/summary', { path: data });
  } catch {
    return undefined;
  }
}

/** How images are fed; undefined leaves it to the input's type. */
export async function askPictures(step: Step, preferred: PictureOptions | undefined): Promise<StepResult<PictureOptions | undefined>> {
  const choices = pictureChoices();
  const same = choices.find(({ value }) => value?.order === preferred?.order && value?.scale === preferred?.scale);
  return await pick({ ...step, placeholder: t('How does the model take images? As it was trained: anything else gives other answers.') }, choices, same?.value);
}

/** The usual ways to feed images; the first leaves it to the input's type. */
function pictureChoices(): Choice<PictureOptions | undefined>[] {
  const scales: readonly (readonly [PixelScale, string])[] = [
    ['signed', t('−1 to 1')],
    ['unit', t('0 to 1')],
    ['imagenet', t("ImageNet's mean and deviation")],
    ['raw', t('0 to 255')],
  ];
  const orders: readonly (readonly [PictureOrder, string])[] = [
    ['rgb', t('as most models take')],
    ['bgr', t('as OpenCV and PaddleOCR models take')],
  ];
  return [
    { label: t('Default'), description: t('RGB, −1 to 1 for float inputs and 0 to 255 for integers; the report states it'), value: undefined },
    ...orders.flatMap(([order, who]) => scales.map(([scale, range]) => ({ label: `${order.toUpperCase()}, ${range}`, description: who, value: { order, scale } }))),
  ];
}

async function browse(model: vscode.Uri, folder: boolean): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFolders: folder,
    canSelectFiles: !folder,
    canSelectMany: false,
    defaultUri: vscode.Uri.joinPath(model, '..'),
    openLabel: t('Use as data'),
    ...(folder ? {} : { filters: { [t('Data')]: ['npy', 'npz', 'idx', 'gz', 'csv', 'tsv', 'jsonl', 'ndjson', 'wav', 'txt', 'json'], [t('All files')]: ['*'] } }),
  });
  return chosen?.[0]?.fsPath;
}
