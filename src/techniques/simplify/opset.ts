// Raising a model's opset where each operator's change is mechanical; refuses, naming node, operator and version, where it is not.
import { inferTypes, type TypeInference } from '../../analysis/infer';
import { LatheError } from '../../base/errors';
import { cloneModel, type NodeInit } from '../../graph/construct';
import type { Model, Node, Shape } from '../../graph/model';
import { newestOpset } from '../../graph/opsets';
import { freeWeightsFromInputs } from '../../graph/weightInputs';
import type { ElementType } from '../../tensor/elementType';
import type { Tensor } from '../../tensor/tensor';
import { type FunctionReport, inlineInPlace } from '../inline/inline';
import { type ChangeCounts, raiseGraph } from './raiseGraph';

/** What a change is given: the node, ways to add constants and nodes beside it, and what holds of its values whenever the model runs. */
export interface OpsetChange {
  readonly node: Node;
  /** The version that is being reached, and the one that the model is raised to in the end. */
  readonly version: number;
  readonly to: number;
  /** Adds an initializer to the node's graph and returns its name. */
  readonly constant: (suffix: string, make: (name: string) => Tensor) => string;
  /** Adds a node before or after this one; its only output has a fresh name. */
  readonly add: (where: 'before' | 'after', suffix: string, init: Omit<NodeInit, 'outputs' | 'name'>) => Node;
  readonly shapeOf: (value: string) => Shape | undefined;
  readonly elementTypeOf: (value: string) => ElementType | undefined;
  /** A constant that nobody can override. */
  readonly tensorOf: (value: string) => Tensor | undefined;
  /** True when a node reads the value, or a graph gives it out. */
  readonly isRead: (value: string) => boolean;
  /** @throws LatheError `unsupported`, naming node, operator and version. */
  readonly refuse: (why: string) => never;
}

/** What one version of ai.onnx changed of one operator; `*`: of all. */
export interface OpsetRow {
  readonly op: string;
  readonly version: number;
  readonly change: (change: OpsetChange) => void;
}

export interface RaisedOpset {
  readonly model: Model;
  /** Operators whose nodes were rewritten, by version. */
  readonly changes: readonly { readonly op: string; readonly version: number; readonly nodes: number }[];
  /** Functions of the model whose bodies were put in place of their calls, to be raised with the rest. */
  readonly inlined: readonly FunctionReport[];
}

/** IR version that models of opset 12 and later have at least (ONNX, Versioning.md). */
const leastIrVersion = 7;

/**
 * A copy of the model at the given opset of ai.onnx, or the model itself where it already is there.
 * Functions of the model that use ai.onnx are inlined: what has to change in them may depend on the call.
 * @throws LatheError `unsupported` above the newest opset known, for a node whose change is not mechanical, and for a function that
 * cannot be inlined.
 */
export function raiseOpset(model: Model, to: number): Model {
  return raisedOpset(model, to).model;
}

/** See {@link raiseOpset}. */
export function raisedOpset(model: Model, to: number): RaisedOpset {
  const from = opsetOfModel(model);
  if (from === undefined || from >= to) return { model, changes: [], inlined: [] };
  const file = model.path === undefined ? {} : { file: model.path };
  if (to > newestOpset) throw new LatheError('unsupported', `Opset ${to} is not known: the newest is ${newestOpset}.`, file);
  const raised = cloneModel(model);
  const types = inferTypes(raised, { proven: true });
  const counts: ChangeCounts = new Map();
  raiseGraph(raised.graph, { from, to }, raised, types, counts);
  raised.opsetImports.delete('ai.onnx');
  raised.opsetImports.set('', to);
  // Initializers need not be inputs from IR 4 on, and the constants added above are not.
  freeWeightsFromInputs(raised);
  raised.irVersion = Math.max(raised.irVersion, leastIrVersion);
  const inlined = inlineAll(raised, types, counts);
  return { model: raised, changes: [...counts].map(([{ op, version }, nodes]) => ({ op, version, nodes })), inlined };
}

/** Inlines every function where some use ai.onnx, raising what they are made of. */
function inlineAll(raised: Model, types: TypeInference, counts: ChangeCounts): readonly FunctionReport[] {
  if (!raised.functions.some((body) => opsetOfModel(body) !== undefined)) return [];
  const { inlined, kept } = inlineInPlace(raised, { types, counts });
  const [refused] = kept;
  if (refused === undefined) return inlined;
  throw new LatheError('unsupported', `The opset cannot be raised: the model's function ${refused.function} is not inlined. ${refused.reason}`, { ...(raised.path === undefined ? {} : { file: raised.path }), item: refused.function });
}

/** Version of ai.onnx that a model imports. */
export function opsetOfModel({ opsetImports }: { readonly opsetImports: ReadonlyMap<string, number> }): number | undefined {
  return opsetImports.get('') ?? opsetImports.get('ai.onnx');
}
