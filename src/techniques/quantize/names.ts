// Names for the nodes and values a technique adds, never colliding with those a model already has.
import type { FreeNames } from '../../base/freeNames';
import type { Graph } from '../../graph/model';
import { takenNames } from '../../graph/takenNames';

/** Hands out names that are free in a graph and all its subgraphs. */
export class FreshNames {
  private readonly names: FreeNames;

  constructor(graph: Graph) {
    this.names = takenNames(graph);
  }

  /** `wanted`, or `wanted_2`, `wanted_3` … */
  fresh(wanted: string): string {
    return this.names.fresh(wanted);
  }
}
