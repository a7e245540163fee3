// What is asked where data have labels: by which metric a variant is judged, and how much of it it may lose.
import type { DataSummary } from '../protocol/data';
import type { MetricSpec, MostLoss } from '../protocol/taskMetrics';
import { pick, type Choice, type Step, type StepResult } from './steps';
import { t } from './translate';

/** What was found at a path, as in “1,200 pictures in 10 classes”. */
export function foundText({ kind, samples, classes, labels }: DataSummary): string {
  const what = samples === undefined ? nameOf(kind) : samples === 1 ? t('1 sample ({0})', nameOf(kind)) : t('{0} samples ({1})', samples.toLocaleString('en-US'), nameOf(kind));
  if (classes !== undefined) return t('{0} in {1} classes', what, classes.toLocaleString('en-US'));
  switch (labels) {
    case 'classes':
      return t('{0} with labels', what);
    case 'texts':
      return t('{0} with labels beside them', what);
    case 'outputs':
      return t('{0} with expected outputs', what);
    case 'boxes':
      return t('{0} with boxes', what);
    case undefined:
      return what;
    default:
      return labels satisfies never;
  }
}

function nameOf(kind: DataSummary['kind']): string {
  switch (kind) {
    case 'images':
      return t('images');
    case 'npy':
      return t('NumPy arrays');
    case 'test-data-set':
      return t('ONNX test data');
    case 'idx':
      return t('IDX');
    case 'csv':
      return t('table');
    case 'json-lines':
      return t('JSON lines');
    case 'wav':
      return t('recordings');
    case 'text':
      return t('texts');
    default:
      return kind satisfies never;
  }
}

/** Whether the data have labels that {@link askMetric} offers a metric for. */
export function hasMetrics(summary: DataSummary | undefined): boolean {
  return summary?.labels === 'classes' || summary?.labels === 'outputs';
}

/** How variants are judged; undefined is by agreement with the source. */
export async function askMetric(step: Step, summary: DataSummary, preferred: MetricSpec | undefined): Promise<StepResult<MetricSpec | undefined>> {
  const choices: Choice<MetricSpec | undefined>[] = [
    { label: t('Agreement with the source'), description: t('needs no labels'), value: undefined },
    ...(summary.labels === 'classes'
      ? [
          { label: t('Top-1 accuracy'), description: t('the class with the highest score is right'), value: { name: 'top1' } as const },
          { label: t('Top-5 accuracy'), description: t('the right class is among the five highest'), value: { name: 'top5' } as const },
          { label: t('F1, mean over classes'), description: t('for classes of unequal size'), value: { name: 'f1-macro' } as const },
          { label: t('Area under the ROC curve'), description: t('how well scores rank'), value: { name: 'auc' } as const },
        ]
      : []),
    ...(summary.labels === 'outputs' ? [{ label: t('Mean squared error'), description: t('against the expected outputs'), value: { name: 'mse' } as const }] : []),
  ];
  const same = choices.find(({ value }) => value?.name === preferred?.name);
  return await pick({ ...step, placeholder: t('Found {0}. By what is a variant judged?', foundText(summary)) }, choices, same?.value);
}

/** Most a variant may lose of the metric; undefined is the metric's usual loss. */
export async function askMostLoss(step: Step, metric: MetricSpec): Promise<StepResult<MostLoss | undefined>> {
  const points = (value: number): Choice<MostLoss> => ({ label: t('{0} percentage points', value), value: { value: value / 100, relative: false } });
  const shares = (value: number): Choice<MostLoss> => ({ label: t('{0} % of the source’s figure', value), value: { value: value / 100, relative: true } });
  const usual: Choice<MostLoss | undefined> = { label: t('Default for the metric'), description: metric.name === 'mse' ? t('2 % of the source’s figure') : t('1 percentage point'), value: undefined };
  const choices = metric.name === 'mse' ? [0, 1, 5, 10].map(shares) : [0, 0.1, 0.2, 0.5, 2].map(points);
  return await pick<MostLoss | undefined>({ ...step, placeholder: t('How much may a variant lose against the source, on samples kept apart from calibration?') }, [usual, ...choices]);
}
