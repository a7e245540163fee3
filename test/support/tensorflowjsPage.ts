// docs/tensorflowjs-operators.md: which operators and layers are converted, printed from the rules themselves.
import { kerasFamilies } from '../../src/formats/tfjs/lower/keras/index';
import { tensorflowFamilies } from '../../src/formats/tfjs/lower/tensorflow/index';
import { withoutCounterpart } from '../../src/formats/tfjs/lower/withoutCounterpart';
import { handledElsewhere } from '../../src/formats/tfjs/lower/lower';

const introduction = `# TensorFlow.js

\`lathe convert model.json\` writes a TensorFlow.js model as ONNX (opset 17). The tables are printed from the rules themselves (\`src/formats/tfjs/lower\`); a test says when this page is stale, \`UPDATE_DOCS=1 npx vitest run test/formats/tfjs/lower/page.test.ts\` writes it anew.

## How

- **Layout.** TensorFlow.js keeps channels last, ONNX first. A value is held in the layout it was made in; convolution, pooling, resizing and normalisation make channels first; elementwise operators, concatenation, padding, slices and reductions follow what they are given. A Transpose stands only where something asks for the other layout, once for each value; weights are moved as they are written.
- **Padding.** \`SAME\` becomes pads where sizes are known or the stride is 1, else \`auto_pad\`, whose \`SAME_UPPER\` is the same rule.
- **Types.** TensorFlow.js computes with float32, int32, bool and string, whatever the model stores; so does the ONNX model. Indices and sizes that ONNX wants as int64 are cast there. Division of integers rounds down, as in TensorFlow.js.
- **Shapes.** Arithmetic on shapes and whole numbers that is the same in every run becomes constants. Open dimensions stay open.
- **Loops** (\`Enter\` … \`Exit\`, \`While\`, \`StatelessWhile\`) whose rounds are known are unrolled, up to 64 rounds; lists of tensors in them become plain values. A branch (\`If\`, \`StatelessIf\`) is taken where its condition is known. Where the input decides, \`While\` and \`StatelessWhile\` become a \`Loop\` and \`If\` and \`StatelessIf\` an \`If\`, as long as what they carry are tensors of one type; \`Enter\` … \`Exit\` is refused then.
- **Probabilities.** A Sigmoid whose result is an output is written as 1 / (1 + e^−x): onnxruntime's own is exact to 1e-8, which a probability of 1e-5 would show.

## Where the runtimes differ

- TensorFlow.js's wasm backend cuts a float off at whole numbers when it casts it to bool (0.5 becomes false). ONNX, and TensorFlow.js's other backends, ask whether it is 0.
- Non-maximum suppression drops boxes that overlap by exactly the threshold in TensorFlow.js; in ONNX they must overlap by more.
`;

/** Names in one cell, in the order of the alphabet. */
const listed = (names: readonly string[]): string => [...names].sort((a, b) => (a < b ? -1 : 1)).map((name) => `\`${name}\``).join(', ');

const table = (families: readonly { readonly title: string; readonly rules: object }[]): string => `| | converted |\n|---|---|\n${families.map(({ title, rules }) => `| ${title} | ${listed(Object.keys(rules))} |`).join('\n')}\n`;

const count = (families: readonly { readonly rules: object }[]): number => families.reduce((sum, { rules }) => sum + Object.keys(rules).length, 0);

/** The page as it should be. */
export function tensorflowjsPage(): string {
  const control = { title: 'Constants, calls, loops', rules: Object.fromEntries(handledElsewhere.map((name) => [name, true])) };
  const graph = [...tensorflowFamilies, control];
  const reasons = new Map<string, string[]>();
  for (const [op, reason] of withoutCounterpart) reasons.set(reason, [...(reasons.get(reason) ?? []), op]);
  const refused = [...reasons].map(([reason, ops]) => `| ${reason} | ${listed(ops)} |`).join('\n');
  return `${introduction}
## Operators of graph models

${count(graph)} operators.

${table(graph)}
## Layers of layers models

${count(kerasFamilies)} layers.

${table(kerasFamilies)}
## Not converted

Anything not listed above is named with its node and, where it is known, the reason; so is a setting that a rule does not foresee.

| reason | |
|---|---|
${refused}
`;
}
