// What *Optimize Model…* asks before it works: target, goal, data (and, of pictures, how they are fed), accuracy floor.
import path from 'node:path';
import type * as vscode from 'vscode';
import type { DataSummary } from '../protocol/data';
import type { PictureOptions } from '../protocol/measurement';
import type { Goal } from '../protocol/report';
import type { MetricSpec, MostLoss } from '../protocol/taskMetrics';
import { askData, askPictures, summaryOf } from './dataQuestions';
import type { Host } from './host';
import { askMetric, askMostLoss, hasMetrics } from './metricQuestions';
import { askValue, pick, type Choice, type Step, type StepResult } from './steps';
import { t } from './translate';

export interface OptimizeAnswers {
  readonly target: string;
  readonly goal: Goal;
  /** Folder or file; absent for seeded random inputs. */
  readonly data?: string;
  /** How the data are fed, where they are pictures and the person chose. */
  readonly pictures?: PictureOptions;
  /** How variants are judged where the data have labels; absent: by agreement with the source. */
  readonly metric?: MetricSpec;
  readonly mostLoss?: MostLoss;
  /** A share of agreement up to 1, decibels of SQNR above; a model judged in the other unit keeps its default. Absent: the defaults. */
  readonly floor?: number;
  readonly allowSlower: boolean;
}

interface Question {
  /** Absent: always. */
  readonly applies?: () => boolean;
  readonly ask: (step: Step) => Promise<StepResult<unknown>>;
}

/** Asks the questions that apply; undefined when the person leaves. Back returns to the question before. */
export async function askOptimize(host: Host, model: vscode.Uri): Promise<OptimizeAnswers | undefined> {
  const title = t('Optimize {0}', path.basename(model.fsPath));
  let target = 'this machine';
  let goal: Goal = 'latency';
  let allowSlower = false;
  let data: string | undefined;
  let summary: DataSummary | undefined;
  let metric: MetricSpec | undefined;
  let mostLoss: MostLoss | undefined;
  let pictures: PictureOptions | undefined;
  let floor: number | undefined;
  const questions: readonly Question[] = [
    { ask: async (step) => await keep(pick({ ...step, placeholder: t('Which device is it for? Everything is measured on this machine.') }, await targets(host), target), (value) => (target = value)) },
    {
      ask: async (step) =>
        await keep(pick({ ...step, placeholder: t('What must get better? A variant that does not improve it is rejected.') }, goals(), `${goal}${allowSlower ? '+slower' : ''}`), (value) => {
          allowSlower = value.endsWith('+slower');
          goal = value.replace('+slower', '') as Goal;
        }),
    },
    {
      ask: async (step) => {
        const result = await keep(askData(host, model, { ...step, placeholder: t('Which data is it calibrated and checked with?') }), (value) => (data = value));
        summary = await summaryOf(host, data);
        if (!hasMetrics(summary)) metric = undefined;
        return result;
      },
    },
    { applies: () => summary?.kind === 'images', ask: async (step) => await keep(askPictures(step, pictures), (value) => (pictures = value)) },
    { applies: () => hasMetrics(summary), ask: async (step) => (summary === undefined ? { kind: 'answer', value: undefined } : await keep(askMetric(step, summary, metric), (value) => (metric = value))) },
    { applies: () => metric !== undefined, ask: async (step) => (metric === undefined ? { kind: 'answer', value: undefined } : await keep(askMostLoss(step, metric), (value) => (mostLoss = value))) },
    { applies: () => metric === undefined, ask: async (step) => await keep(askFloor({ ...step, placeholder: t('How much must its answers agree with the source? A model is judged in % where it answers with classes, text or whole numbers, else in dB.') }), (value) => (floor = value)) },
  ];
  // What applies may change only behind the question that was answered, so that its place stays the same.
  for (let i = 0; ; ) {
    const asked = questions.filter(({ applies }) => applies?.() ?? true);
    const question = asked[i];
    if (question === undefined) break;
    const result = await question.ask({ title, step: i + 1, steps: asked.length, placeholder: '' });
    if (result.kind === 'left') return undefined;
    i += result.kind === 'back' ? -1 : 1;
  }
  return { target, goal, allowSlower, ...(data === undefined ? {} : { data }), ...(summary?.kind === 'images' && pictures !== undefined ? { pictures } : {}), ...judgedBy(metric, mostLoss, floor) };
}

/** A metric has its loss; agreement has its floor. */
function judgedBy(metric: MetricSpec | undefined, mostLoss: MostLoss | undefined, floor: number | undefined): Pick<OptimizeAnswers, 'metric' | 'mostLoss' | 'floor'> {
  if (metric !== undefined) return { metric, ...(mostLoss === undefined ? {} : { mostLoss }) };
  return floor === undefined ? {} : { floor };
}

async function keep<T>(step: Promise<StepResult<T>>, take: (value: T) => void): Promise<StepResult<T>> {
  const result = await step;
  if (result.kind === 'answer') take(result.value);
  return result;
}

async function targets(host: Host): Promise<Choice<string>[]> {
  const here: Choice<string> = { label: t('This machine'), description: t('measured here'), value: 'this machine' };
  try {
    const engine = await host.engine();
    const devices = await engine.request('engine/devices', {});
    return [here, ...devices.map((name) => ({ label: name, description: t('accepted by measurements here, time estimated for {0}', name), value: name }))];
  } catch {
    return [here]; // the question stands without the published devices
  }
}

function goals(): Choice<string>[] {
  return [
    { label: t('Latency'), detail: t('Faster than the source, beyond measurement noise.'), value: 'latency' },
    { label: t('Size'), detail: t('At least 5 % fewer weight bytes, and not slower.'), value: 'size' },
    { label: t('Size, even if slower'), detail: t('At least 5 % fewer weight bytes, whatever it does to latency.'), value: 'size+slower' },
    { label: t('Memory'), detail: t('At least 5 % less peak memory, and not slower.'), value: 'memory' },
    { label: t('Simplification'), detail: t('A cleaner graph with the same outputs, and not slower.'), value: 'simplification' },
  ];
}

async function askFloor(step: Step): Promise<StepResult<number | undefined>> {
  const share = (percent: string, value: number): Choice<number> => ({ label: `${percent} %`, description: t('of the answers are the same'), detail: t('Where a model is judged in dB, the default of 20 dB holds.'), value });
  const decibels = (value: number, noise: string): Choice<number> => ({ label: `${value} dB`, description: noise, detail: t('Where a model is judged in %, the default of 99 % holds (of text 95 %).'), value });
  const result = await pick<number | 'default' | 'other'>(step, [
    { label: t('Default for the goal'), description: t('99 % the same answers, of text 95 % read alike, else 20 dB'), value: 'default' },
    share('99.9', 0.999),
    share('99', 0.99),
    share('95', 0.95),
    decibels(40, t('noise at a ten-thousandth of the power of the outputs')),
    decibels(30, t('noise at a thousandth of the power of the outputs')),
    { label: t('Another value…'), value: 'other' },
  ]);
  if (result.kind !== 'answer') return result;
  if (result.value === 'default') return { kind: 'answer', value: undefined };
  if (typeof result.value === 'number') return { kind: 'answer', value: result.value };
  const asked = await askValue({ ...step, placeholder: t('Least agreement in %, or least SQNR in dB') }, '99 %', readFloor, t('Write a share up to 100 %, or more than 1 dB: for example 99.5 % or 35 dB.'));
  return asked.kind === 'back' ? await askFloor(step) : asked;
}

/** `99.5 %` → 0.995, `35 dB` → 35; undefined for what is neither. Decibels up to 1 would be taken for a share, and noise as strong as the outputs is no floor. */
export function readFloor(text: string): number | undefined {
  const [, figure = '', unit] = /^\s*(\d+(?:[.,]\d+)?)\s*(%|dB)\s*$/i.exec(text) ?? [];
  const value = Number(figure.replace(',', '.'));
  if (unit === undefined) return undefined;
  if (unit === '%') return value <= 100 ? value / 100 : undefined;
  return value > 1 ? value : undefined;
}
