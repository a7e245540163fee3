// Bars of a weight's distribution, as an SVG the theme colours; the figures stand below it as text.
import type { VNode } from 'preact';
import type { WeightStatistics } from '../../../src/protocol/view';
import { significant } from '../../common/format';

const width = 280;
const height = 64;

export function Histogram({ statistics, name }: { readonly statistics: WeightStatistics; readonly name: string }): VNode | null {
  const { bins, min, max } = statistics;
  const most = bins.reduce((top, count) => Math.max(top, count), 0);
  if (most === 0) return null;
  const step = width / bins.length;
  const zero = min < 0 && max > 0 ? ((0 - min) / (max - min)) * width : undefined;
  return (
    <svg class="histogram" viewBox={`0 0 ${width.toString()} ${(height + 1).toString()}`} preserveAspectRatio="none" role="img" aria-label={`Distribution of ${name} from ${significant(min)} to ${significant(max)}`}>
      {bins.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(1, (count / most) * height);
        return <rect key={index} x={index * step + 0.25} y={height - tall} width={Math.max(0.5, step - 0.5)} height={tall} />;
      })}
      {zero === undefined ? null : <line x1={zero} x2={zero} y1={0} y2={height} class="zero" vector-effect="non-scaling-stroke" />}
    </svg>
  );
}

/** `σ 0.018 · |w| ≤ 0.41 · 0.3 % zero · int8 SQNR 41.2 dB` */
export function describeStatistics(statistics: WeightStatistics, elements: number): string {
  const parts = [
    `mean ${significant(statistics.mean)}`,
    `σ ${significant(statistics.standardDeviation)}`,
    `${significant(statistics.min)} … ${significant(statistics.max)}`,
  ];
  if (statistics.zeros > 0 && elements > 0) parts.push(`${significant((statistics.zeros / elements) * 100, 2)} % zero`);
  if (statistics.notFinite > 0) parts.push(`${statistics.notFinite.toLocaleString('en-US')} not finite`);
  if (statistics.int8SqnrDb !== undefined) parts.push(`int8 SQNR ${significant(statistics.int8SqnrDb)} dB`);
  return parts.join(' · ');
}
