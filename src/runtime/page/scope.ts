// The part of a dedicated worker's global scope that is used; this project's Node side knows no DOM.

export interface WorkerScope {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** A worker that another starts. */
export interface ChildWorker extends WorkerScope {
  addEventListener(type: 'message' | 'error' | 'messageerror', listener: (event: { readonly data: unknown; readonly message?: string }) => void): void;
  terminate(): void;
}

export const scope = globalThis as unknown as WorkerScope;

/** Starts a worker from its script's text: a page may start workers from blobs only. */
export function startWorker(script: string): ChildWorker {
  const { Worker } = globalThis as unknown as { readonly Worker: new (address: string) => ChildWorker };
  const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    return new Worker(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}
