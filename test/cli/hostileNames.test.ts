// Names in models drive no terminal.
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { inspectionLines } from '../../src/cli/render/inspection';
import { reportLines } from '../../src/cli/render/report';
import { inspect } from '../../src/engine/service';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import type { OptimizationReport } from '../../src/protocol/report';
import { temporaryFolder } from '../../src/runtime/temporary';
import { matMulModel } from '../runtime/support';

const folder = temporaryFolder();
afterAll(() => folder.dispose());
const red = '\u001b[31mRED';

it('an operator set’s domain is shown as what it is', async () => {
  const model = matMulModel(2, 1);
  model.opsetImports.set(red, 1);
  const path = join(folder.path, 'm.onnx');
  await writeOnnxModel(model, path);
  const text = inspectionLines(await inspect(path, { bindings: {}, deep: false }, detachedContext()), { layers: 5 }).join('\n');
  expect(text).toContain('\\u{1b}[31mRED 1');
  expect(text).not.toContain('\u001b');
});

it('a conclusion, which may quote the runtime and the model, is too', () => {
  const lines = reportLines({ conclusion: red, floor: {}, variants: [] as OptimizationReport['variants'] } as OptimizationReport);
  expect(lines[0]).toBe('\\u{1b}[31mRED');
});
