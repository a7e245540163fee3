// What is asked of data: which folder or file, and of images how they are fed.
import path from 'node:path';
import * as vscode from 'vscode';
import type { PictureOptions, PictureOrder, PixelScale } from '../protocol/measurement';
import type { Host } from './host';
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
    ...recentChoices(host),
    { label: t('Choose a folder…'), detail: t('Images, .npy or .npz files, or ONNX test_data_set folders.'), value: { kind: 'browse', folder: true } },
    { label: t('Choose a file…'), detail: t('One .npy or .npz file.'), value: { kind: 'browse', folder: false } },
    { label: t('No data'), detail: t('Random inputs: a quantized result is marked uncalibrated and not accepted.'), value: { kind: 'none' } },
  ];
  return await pickData(host, model, step, choices);
}

/** Data for what a technique measures its ranges on; without any, whether the result is kept although uncalibrated. Undefined when the person leaves. */
export async function askCalibration(host: Host, model: vscode.Uri, title: string): Promise<Calibration | undefined> {
  const choices: Choice<DataChoice>[] = [
    ...recentChoices(host),
    { label: t('Choose a data folder…'), detail: t('Images, .npy or .npz files, or ONNX test_data_set folders.'), value: { kind: 'browse', folder: true } },
    { label: t('Seeded random inputs'), detail: t('Keeps the result although uncalibrated: its accuracy on real inputs is unknown, and it is marked so.'), value: { kind: 'none' } },
  ];
  for (;;) {
    const chosen = await pickData(host, model, { title, step: 1, steps: 1, placeholder: t('Which data are its ranges measured on? They should be like those it will meet.') }, choices);
    if (chosen.kind !== 'answer') return undefined;
    const data = chosen.value;
    if (data === undefined) return { allowUncalibrated: true };
    if (!(await holdsImages(host, data))) return { data };
    const fed = await askPictures({ title, step: 2, steps: 2, placeholder: '' }, undefined);
    if (fed.kind === 'left') return undefined;
    if (fed.kind === 'answer') return { data, ...(fed.value === undefined ? {} : { pictures: fed.value }) };
  }
}

function recentData(host: Host): readonly string[] {
  return host.context.workspaceState.get<readonly string[]>(recentKey, []);
}

function recentChoices(host: Host): Choice<DataChoice>[] {
  return recentData(host).map((one) => ({ label: path.basename(one), description: path.dirname(one), detail: t('used before'), value: { kind: 'path', path: one } }));
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

/** The engine knows what data are; what it cannot feed it says when the work begins. */
export async function holdsImages(host: Host, data: string | undefined): Promise<boolean> {
  if (data === undefined) return false;
  try {
    const engine = await host.engine();
    return (await engine.request('data/kind', { path: data })) === 'images';
  } catch {
    return false;
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
    ...(folder ? {} : { filters: { [t('Arrays')]: ['npy', 'npz'] } }),
  });
  return chosen?.[0]?.fsPath;
}
