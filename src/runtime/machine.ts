// The machine that figures were measured on, as every report states it.
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Machine } from '../protocol/measurement';
import type { RunnerInfo } from './runner';

/** `runner` says under which Node and onnxruntime the models ran. */
export function describeMachine(runner: Pick<RunnerInfo, 'node' | 'onnxruntime'>): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: runner.node,
    onnxruntime: runner.onnxruntime,
  };
}
