// An open model whose file, dimensions or reports change while it is profiled: times are shown with what they were measured of, or the person is told why not.
import { describe, expect, it, vi } from 'vitest';
import type { Profile } from '../../src/protocol/measurement';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { OpenModel } = await import('../../src/extension/openModel');

const profile = { total: 'of this test' } as unknown as Profile;

/** A model whose profile ends when `end` is called; the engine keeps it with the document and the dimensions it was made of. */
function profiled(): { readonly model: InstanceType<typeof OpenModel>; readonly asked: Promise<void>; readonly end: () => void } {
  let documents = 0;
  const kept = new Set<string>();
  let end = (): void => undefined;
  let ask = (): void => undefined;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const engine = {
    generation: 1,
    processId: 1,
    request: async (method: string, { document, bindings }: { readonly document: number; readonly bindings: unknown }): Promise<unknown> => {
      const key = JSON.stringify([document, bindings]);
      switch (method) {
        case 'model/open':
          return { document: ++documents, files: [] };
        case 'model/profile':
          ask();
          await new Promise<void>((resolve) => (end = resolve));
          kept.add(key);
          return profile;
        case 'model/findings':
          return [];
        default:
          return { findings: [], ...(kept.has(key) ? { profile } : {}) };
      }
    },
  };
  const model = new OpenModel(new FakeUri('file', '/models/model.onnx') as never, () => Promise.resolve(engine as never), () => Promise.resolve(false));
  return { model, asked, end: () => end() };
}

describe('a profile', () => {
  it('shows where a report made the same model be read again meanwhile', async () => {
    const { model, asked, end } = profiled();
    await model.load();
    const running = model.profile({});
    await asked;
    model.refresh();
    await model.load();
    expect(model.snapshot?.profile).toBeUndefined();
    end();
    expect(await running).toBe(profile);
    await model.load();
    expect(model.snapshot?.profile).toBe(profile);
  });

  it.each([
    ['file', (model: InstanceType<typeof OpenModel>) => model.reload()],
    ['dimensions', (model: InstanceType<typeof OpenModel>) => model.setBindings({ batch: 2 })],
  ])('of a model whose %s changed meanwhile is not shown, and the person is told', async (_, change) => {
    const { model, asked, end } = profiled();
    await model.load();
    const running = model.profile({});
    await asked;
    change(model);
    end();
    await expect(running).rejects.toMatchObject({ code: 'source-touched', hint: 'Profile it again.' });
    expect(model.snapshot?.profile).toBeUndefined();
  });

  it('of a model that was closed meanwhile ends without a word', async () => {
    const { model, asked, end } = profiled();
    await model.load();
    const running = model.profile({});
    await asked;
    model.dispose();
    end();
    expect(await running).toBe(profile);
  });
});
