// What a suite over ONNX's backend tests gives: how many pass, and every exception by name with its reason.

export interface Exception {
  readonly name: string;
  readonly reason: string;
}

export interface SuiteResult {
  readonly title: string;
  /** What passes means, and what was left out of the total. */
  readonly about: string;
  readonly total: number;
  readonly exceptions: readonly Exception[];
}

export const passed = ({ total, exceptions }: SuiteResult): number => total - exceptions.length;

/** The table and the lists of exceptions, grouped by reason, as Markdown. */
export function conformanceMarkdown(results: readonly SuiteResult[], versions: string): string {
  const lines = [
    '# Conformance',
    '',
    `ONNX's own backend tests (${versions}), as \`npm run conformance\` found them; it writes this page. Every exception is named below with its reason. Public TensorFlow.js models have [a page of their own](conformance-tensorflowjs.md).`,
    '',
    '| suite | passes | of | exceptions |',
    '|---|---|---|---|',
    ...results.map((result) => `| ${result.title} | ${passed(result)} | ${result.total} | ${result.exceptions.length} |`),
  ];
  for (const { title, about, exceptions } of results) {
    lines.push('', `## ${title}`, '', about);
    const reasons = new Map<string, string[]>();
    for (const { name, reason } of exceptions) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
    for (const [reason, names] of [...reasons].sort(([, a], [, b]) => b.length - a.length)) lines.push('', `**${reason}** (${names.length}): ${names.map((name) => `\`${name}\``).join(', ')}.`);
  }
  return `${lines.join('\n')}\n`;
}
