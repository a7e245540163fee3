// Which line of a model's text each finding stands on, costliest first.
import { countWhile } from '../base/bisect';
import type { TextDocument } from '../protocol/engine';
import type { Finding } from '../protocol/findings';

export interface PlacedFinding {
  readonly finding: Finding;
  /** 0-based. */
  readonly line: number;
  readonly length: number;
}

/** VS Code shows at most 1,000 diagnostics of one file. */
export const shownAtMost = 950;

const severityOrder = { error: 0, warning: 1, information: 2 } as const satisfies Record<Finding['severity'], number>;

/** Errors first, then by cost: milliseconds, bytes, multiply-accumulates. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severityOrder[a.severity] - severityOrder[b.severity] ||
    (b.cost.milliseconds ?? 0) - (a.cost.milliseconds ?? 0) ||
    (b.cost.bytes ?? 0) - (a.cost.bytes ?? 0) ||
    (b.cost.macs ?? 0) - (a.cost.macs ?? 0)
  );
}

/** Places findings on lines: the node's, else the value's, else the first line for the model as a whole. */
export function placeFindings(findings: readonly Finding[], text: Pick<TextDocument, 'nodes' | 'values'>): PlacedFinding[] {
  const nodes = new Map(text.nodes.map((node) => [node.key, node]));
  const values = new Map(text.values.map((value) => [value.name, value.line]));
  return [...findings]
    .sort(compareFindings)
    .slice(0, shownAtMost)
    .map((finding) => {
      const node = finding.layer === undefined ? undefined : nodes.get(finding.layer);
      if (node !== undefined) return { finding, line: node.line, length: node.length };
      const line = finding.value === undefined ? undefined : values.get(finding.value);
      return { finding, line: line ?? 0, length: 0 };
    });
}

/** The node a line belongs to: the last one that begins on it or, for a node of several lines, above it. */
export function nodeAtLine(text: Pick<TextDocument, 'nodes'>, line: number): TextDocument['nodes'][number] | undefined {
  const node = text.nodes[countWhile(text.nodes.length, (index) => (text.nodes[index]?.line ?? Infinity) <= line) - 1];
  return node !== undefined && node.line === line ? node : undefined;
}
