// The metrics by name: what each is called, what a loss of it is, and how it is opened.
import type { MetricSpec, MostLoss, TaskMetricName } from '../../protocol/taskMetrics';
import { openMetric, type Metric } from './metric';
import { f1Macro, f1Micro, precision, recall, top1, top5 } from './tasks/classification';
import { map50 } from './tasks/detection';
import { perplexity } from './tasks/language';
import { auc } from './tasks/ranking';
import { mse, psnr } from './tasks/regression';
import { characterErrorRate, exactMatch } from './tasks/text';

interface MetricRow {
  readonly title: string;
  readonly open: (spec: MetricSpec) => Metric;
  /** Most that a variant may lose where the person says nothing: one in a hundred answers, what is barely seen or heard, else 2 %. */
  readonly mostLoss: MostLoss;
}

const onePoint: MostLoss = { value: 0.01, relative: false };
const halfDecibel: MostLoss = { value: 0.5, relative: false };
const twoPercent: MostLoss = { value: 0.02, relative: true };

export const metrics: Readonly<Record<TaskMetricName, MetricRow>> = {
  top1: { title: 'top-1 accuracy', open: (spec) => openMetric(top1(spec)), mostLoss: onePoint },
  top5: { title: 'top-5 accuracy', open: (spec) => openMetric(top5(spec)), mostLoss: onePoint },
  'f1-macro': { title: 'F1, mean over classes', open: (spec) => openMetric(f1Macro(spec)), mostLoss: onePoint },
  'f1-micro': { title: 'F1 over all decisions', open: (spec) => openMetric(f1Micro(spec)), mostLoss: onePoint },
  precision: { title: 'precision, mean over classes', open: (spec) => openMetric(precision(spec)), mostLoss: onePoint },
  recall: { title: 'recall, mean over classes', open: (spec) => openMetric(recall(spec)), mostLoss: onePoint },
  auc: { title: 'area under the ROC curve', open: (spec) => openMetric(auc(spec)), mostLoss: onePoint },
  mse: { title: 'mean squared error', open: (spec) => openMetric(mse(spec)), mostLoss: twoPercent },
  psnr: { title: 'PSNR', open: (spec) => openMetric(psnr(spec)), mostLoss: halfDecibel },
  map50: { title: 'mAP at IoU 0.5', open: (spec) => openMetric(map50(spec)), mostLoss: onePoint },
  'exact-match': { title: 'texts read without a mistake', open: (spec) => openMetric(exactMatch(spec)), mostLoss: onePoint },
  cer: { title: 'character error rate', open: (spec) => openMetric(characterErrorRate(spec)), mostLoss: onePoint },
  perplexity: { title: 'perplexity', open: (spec) => openMetric(perplexity(spec)), mostLoss: twoPercent },
};
