// onnxruntime as the runner holds its models.
import { performance } from 'node:perf_hooks';
import { InferenceSession } from 'onnxruntime-node';
import type { HeldFeeds, HeldModel } from './heldModel';
import type { LoadRequest, SessionValue } from './messages';
import { fromOrtTensor, toOrtFeeds } from './ortTensors';

/** @throws Error in onnxruntime's words */
export async function loadOnnx(model: { readonly path: string } | { readonly bytes: Uint8Array }, options: LoadRequest['options']): Promise<HeldModel> {
  const session = await ('path' in model ? InferenceSession.create(model.path, options) : InferenceSession.create(model.bytes, options));
  return {
    inputs: sessionValues(session.inputMetadata),
    outputs: sessionValues(session.outputMetadata),
    hold: (feeds) => held(session, toOrtFeeds(feeds)),
    use: () => undefined,
    endProfiling: () => session.endProfiling(),
    profile: () => Promise.reject(new Error('onnxruntime writes its profile to a file.')),
    release: () => session.release(),
  };
}

function held(session: InferenceSession, feeds: InferenceSession.FeedsType): HeldFeeds {
  return {
    async run(outputs) {
      const start = performance.now();
      const results = await (outputs === undefined ? session.run(feeds) : session.run(feeds, [...outputs]));
      const milliseconds = performance.now() - start;
      return { outputs: Object.entries(results).map(([name, value]) => [name, fromOrtTensor(name, value)]), milliseconds };
    },
    async once() {
      await session.run(feeds);
    },
    dispose: () => undefined,
  };
}

function sessionValues(values: readonly InferenceSession.ValueMetadata[]): SessionValue[] {
  return values.map((value) => (value.isTensor ? { name: value.name, elementType: value.type as NonNullable<SessionValue['elementType']>, shape: value.shape } : { name: value.name }));
}
