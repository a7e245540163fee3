// Milliseconds per native node: the backend's kernels are timed, and each counts for the node that began last.
import * as tf from '@tensorflow/tfjs-core';
import type { KernelReading } from '../messages';
import { median } from '../metrics/statistics';
import type { BackendName } from './backends';
import type { Network } from './network';

/** The sum of what kernels took, by node. */
class KernelClock {
  private node = '';
  private depth = 0;
  private sums = new Map<string, number>();

  readonly enter = (node: string): void => {
    this.node = node;
  };

  /** Times a kernel; one that another calls counts within it. */
  time<T>(kernel: () => T): T {
    const { node } = this;
    if (this.depth++ > 0) return this.leave(kernel);
    const start = performance.now();
    try {
      return this.leave(kernel);
    } finally {
      this.sums.set(node, (this.sums.get(node) ?? 0) + performance.now() - start);
    }
  }

  private leave<T>(kernel: () => T): T {
    try {
      return kernel();
    } finally {
      this.depth--;
    }
  }

  /** The sums since the last time. */
  take(): Map<string, number> {
    const { sums } = this;
    this.sums = new Map();
    this.node = '';
    return sums;
  }
}

/** @param once one run of the network, on this backend */
export async function profileNetwork(network: Network, backend: BackendName, once: () => Promise<void>, runs: number): Promise<KernelReading> {
  const clock = new KernelClock();
  const stopKernels = watchKernels(backend, clock);
  const stopNodes = network.watch(clock.enter);
  const perNode = new Map<string, number[]>();
  const whole: number[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      await once();
      whole.push(performance.now() - start);
      for (const [node, milliseconds] of clock.take()) {
        const known = perNode.get(node);
        if (known === undefined) perNode.set(node, [milliseconds]);
        else known.push(milliseconds);
      }
    }
  } finally {
    stopNodes();
    stopKernels();
  }
  return { nodes: [...perNode].filter(([node]) => node !== '').map(([node, times]) => [node, median(times)]), wholeMs: median(whole), runs };
}

function watchKernels(backend: BackendName, clock: KernelClock): () => void {
  const kernels = tf.getKernelsForBackend(backend).map((config) => ({ config, kernelFunc: config.kernelFunc }));
  for (const { config, kernelFunc } of kernels) config.kernelFunc = (given) => clock.time(() => kernelFunc(given));
  return () => {
    for (const { config, kernelFunc } of kernels) config.kernelFunc = kernelFunc;
  };
}
