// A TensorFlow.js model in the engine: profiled from its file, what was measured is told of its own nodes.
import { describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { createHandlers } from '../../src/engine/handlers';
import { graphDocument, tfjsFile } from '../support/tfjsModels';

const handlers = createHandlers({ log: silentLog, runnerState: () => undefined, overBudget: () => Promise.resolve('stop') });

describe('a TensorFlow.js model', () => {
  it('is profiled, and shown with the milliseconds of its nodes', async () => {
    const file = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(Float32Array.of(10, 20).buffer) });
    const { document } = await handlers['model/open']({ path: file, bindings: {} }, detachedContext());
    await handlers['model/profile']({ document, bindings: {} }, detachedContext());
    const { profile, layers } = await handlers['model/snapshot']({ document, bindings: {} }, detachedContext());
    expect(Object.keys(profile?.milliseconds ?? {})).toEqual(['add']);
    expect(layers.keys).toContain('add');
    expect(profile?.runtime).toMatch(/^tfjs/);
  });
});
