// The machine that figures were measured on, as every report states it.
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Machine } from '../protocol/measurement';

/** `runner` says under which Node and onnxruntime the models ran. */
export function describeMachine(runner: Pick<Machine, 'node' | 'onnxruntime'>): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: runner.node,
    onnxruntime: runner.onnxruntime,
  };
}
