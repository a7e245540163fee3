// docs/operators.md: what is known of every operator, printed from the table itself.
import { operatorRows } from '../../src/operators/table';
import type { OperatorRow, WeightRole } from '../../src/operators/row';
import { newestSignature } from '../../src/operators/signature';
import { onnxVersions } from './onnxVersions';

const domainTitles = new Map([
  ['', 'ai.onnx'],
  ['ai.onnx.ml', 'ai.onnx.ml: classical machine learning'],
  ['ai.onnx.preview', 'ai.onnx.preview'],
  ['ai.onnx.preview.training', 'ai.onnx.preview.training'],
  ['com.microsoft', 'com.microsoft: onnxruntime'],
  ['com.microsoft.nchwc', 'com.microsoft.nchwc: the blocked layout onnxruntime saves'],
]);

const introduction = `# Operators

What is known here of every operator: ONNX up to opset 26, ai.onnx.ml up to 5, and all of com.microsoft that onnxruntime 1.30 has a CPU kernel for. The tables are printed from the operator table itself (\`src/operators\`); a test says when this page is stale, \`UPDATE_DOCS=1 npx vitest run test/operators/operatorsPage.test.ts\` writes it anew.

An operator that is not listed can be viewed and is kept as it is; its shapes and costs are unknown, it is left out of the totals, and a finding names it. Where the MACs of a listed one cannot be known, neither is their total; operations that hang on the data alone (boxes a suppression keeps, say) are left out of theirs. A guess is never made.

## What is counted

- **MAC**: one multiply-accumulate of a contraction (convolution, matrix product, recurrence, attention), as the papers of the architectures, torchvision and fvcore count. Everything else has none.
- **FLOP**: twice the MACs, and one for every other elementary operation. The column *cost* says how many: "5 per element" is for each element of the first input. An activation's own formula is counted as ONNX writes it, an exponential, root or logarithm as one operation.
- **Convolution**: output elements × inputs per group × kernel, padding counted as if it were data (as torchvision and fvcore do).
- **Softmax**: largest element, difference, exponential, sum, quotient: 5. **Layer normalization**: mean, difference, square, sum, scale, weight, bias: 7; **RMSNormalization** 4; **BatchNormalization** 2, since at inference scale and shift are known beforehand.
- **Resize**: nearest only copies; linear weighs 2^s neighbours of s spatial axes and cubic 4^s, a product and a sum each.
- **RNN, GRU, LSTM**: 1, 3 or 4 gates, each a product with the features and one with the state (Hochreiter and Schmidhuber 1997; Cho and others 2014).
- **Attention**: queries · keysᵀ and weights · values (Vaswani and others 2017, section 3.2.1), softmax besides; what a causal mask hides is not taken off.
- **Fourier transforms**: 5 n log₂ n for a complex transform of length n (Cooley and Tukey 1965, as FFTW's benchmarks count). **Det**: 2n³ / 3 by LU decomposition (Golub and Van Loan, Matrix Computations, 3.2).
- **Loop**: its body as often as the trip count says where that is constant, else once; a condition that ends it early is not foreseen. **Scan**: its body for every step. **If**: the costlier branch, or the only one possible.
- **Trees**: the deepest leaf of every tree, as with If the worst branch.
- **Constants**: what depends on weights alone is folded before the model runs and costs nothing.
- **Moving data** is no arithmetic: the column shows a dash.

## What the columns say

- **versions**: those in which ONNX changed the operator; each is told from the others where it matters to shape, cost or weights. The last may be the version that gave it up.
- **shapes**: "yes" where the shapes and integer values of the inputs decide those of the outputs; else what stays open.
- **weights**: inputs that are weights where they are constant, and as what.
- **attributes**: those of the newest version, with their defaults; the required ones are bold. Types, allowed values, those of older versions and a sentence on what the operator does stand in the table (\`src/operators/signatures\`) and show in the text view, as completion, on hover and while inputs are typed.
- **evaluated**: whether constants are worked out exactly: *moved* (any type), *computed* (integers, booleans and small float tensors, shapes and their symbols).
`;

const roleNames: Record<WeightRole, string> = { weight: 'weight', bias: 'bias', scale: 'scale', operand: 'operand', table: 'table', statistics: 'statistics', quantization: 'quantization' };

function versionsOf(domain: string, opType: string): string {
  const known = onnxVersions.find((entry) => entry.domain === domain && entry.opType === opType);
  if (known === undefined) return domain === '' ? 'of onnxruntime' : '1';
  return `${known.versions.join(', ')}${known.until === undefined ? '' : ` (until ${known.until - 1})`}`;
}

function weightsOf({ weights = [], inputs }: OperatorRow): string {
  const byRole = new Map<WeightRole, string[]>();
  for (const { input, role } of weights) byRole.set(role, [...(byRole.get(role) ?? []), inputs[input]?.name ?? inputs.at(-1)?.name ?? '']);
  return [...byRole].map(([role, names]) => `${roleNames[role]} ${[...new Set(names)].map((name) => `\`${name}\``).join(' ')}`).join('; ');
}

function attributesOf({ domain, opType }: OperatorRow): string {
  const specs = [...(newestSignature(domain, opType)?.attributes.values() ?? [])];
  return specs.map(({ name, required, default: given }) => (required ? `**\`${name}\`**` : `\`${name}${given === undefined ? '' : ` = ${given.replaceAll('|', '\\|')}`}\``)).join(' ');
}

function costOf(row: OperatorRow): string {
  if (row.traits.control === true && row.cost === undefined) return 'its body, see above';
  return row.cost?.convention ?? '–';
}

function line(row: OperatorRow): string {
  const evaluated = [row.move === undefined ? '' : 'moved', row.values === undefined ? '' : 'computed'].filter((word) => word !== '').join(', ');
  const cells: readonly string[] = [row.opType, versionsOf(row.domain, row.opType), row.open === undefined ? 'yes' : `open: ${row.open}`, costOf(row), weightsOf(row), attributesOf(row), evaluated];
  return `| ${cells.map((cell) => (cell === '' ? '–' : cell)).join(' | ')} |`;
}

/** The page as it should be. */
export function operatorsPage(): string {
  const sections = [...domainTitles].map(([domain, title]) => {
    const latest = new Map<string, OperatorRow>();
    for (const row of operatorRows) if (row.domain === domain && (latest.get(row.opType)?.since ?? 0) < row.since) latest.set(row.opType, row);
    const rows = [...latest.values()].sort((a, b) => (a.opType < b.opType ? -1 : 1));
    return `## ${title}\n\n${rows.length} operators.\n\n| operator | versions | shapes | cost | weights | attributes | evaluated |\n|---|---|---|---|---|---|---|\n${rows.map(line).join('\n')}\n`;
  });
  return `${introduction}\n${sections.join('\n')}`;
}
