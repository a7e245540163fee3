// The outcome of an optimization in one or two sentences.
import { formatBytes, formatVerdict } from '../base/format';
import type { Benchmark } from '../protocol/measurement';
import type { Goal, VariantReport } from '../protocol/report';

const wanted: Readonly<Record<Goal, string>> = { latency: 'faster', size: 'smaller at the same speed', memory: 'lighter in memory at the same speed', simplification: 'simpler at the same speed' };

/** @param missed the variant that would have won but for the test part */
export function conclude(goal: Goal, variants: readonly VariantReport[], winner: string | undefined, confirmation: Benchmark | undefined, missed?: string): string {
  const chosen = variants.find((variant) => variant.id === winner);
  if (chosen !== undefined && confirmation !== undefined) return `${chosen.title}: ${gain(confirmation)}, measured here.${caution(chosen)}`;
  const [only] = variants.length === 1 ? variants : [];
  if (only !== undefined) return only.status === 'failed' ? `It failed: ${only.reason}` : only.reason;
  const best = variants.find((variant) => variant.id === missed);
  if (best !== undefined) return `Leave it as it is: of what was tried ${best.title.toLowerCase()} did best, and was rejected. ${best.reason}`;
  const uncalibrated = variants.find((variant) => variant.status === 'not-chosen' && variant.uncalibrated && variant.benchmark !== undefined);
  if (uncalibrated !== undefined) return `Leave it as it is, or give calibration data: ${uncalibrated.title.toLowerCase()} measured better, but without real data its accuracy is unknown.`;
  const slow = variants.find((variant) => variant.reason.includes('leave it float'));
  const cause = /: (.+): leave it float/.exec(slow?.reason ?? '')?.[1];
  return cause === undefined ? `Leave it as it is: nothing that was tried is ${wanted[goal]}.` : `Leave it float: ${cause}.`;
}

function gain({ latencyRatio, verdict, source, variant }: Benchmark): string {
  const size = variant === undefined ? '' : `, ${formatBytes(source.fileBytes)} → ${formatBytes(variant.fileBytes)}`;
  if (latencyRatio === undefined) return `measured${size}`;
  return `${formatVerdict(verdict, latencyRatio.value)}${size}`;
}

function caution(variant: VariantReport): string {
  return variant.uncalibrated ? ' Uncalibrated: quantized without real data, its accuracy on real inputs is unknown.' : '';
}
