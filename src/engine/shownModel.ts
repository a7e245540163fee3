// What the model view shows of a model: its functions opened, so that what a call is made of can be looked at like all else.
import type { CallSite } from '../analysis/functions';
import { LatheError } from '../base/errors';
import type { Model, Node } from '../graph/model';
import { type NodeKey, nodeKeys } from '../graph/traverse';
import { measuredMilliseconds, type Profile } from '../protocol/measurement';
import { inlineFunctions } from '../techniques/inline/inline';

export interface ShownModel {
  /** The model, or a copy of it in which calls gave way to bodies. */
  readonly model: Model;
  /** For each node that stands for a call: the call. */
  readonly sites: ReadonlyMap<Node, CallSite>;
}

const known = new WeakMap<Model, ShownModel>();

/** Worked out once for a model. One whose bodies come to too much is shown with its calls closed. */
export function shownModel(model: Model): ShownModel {
  const before = known.get(model);
  if (before !== undefined) return before;
  const shown = model.functions.length === 0 ? { model, sites: new Map<Node, CallSite>() } : opened(model);
  known.set(model, shown);
  return shown;
}

function opened(model: Model): ShownModel {
  try {
    const inlined = inlineFunctions(model);
    // TensorFlow's functions are named by an attribute of the node that calls them, and stay closed.
    return inlined.sites.size === 0 ? { model, sites: inlined.sites } : inlined;
  } catch (thrown) {
    if (thrown instanceof LatheError && thrown.code === 'too-large') return { model, sites: new Map() };
    throw thrown;
  }
}

/** A profile that knows the calls of the model as it is, beside what they are made of. */
export function withCalls(model: Model, profile: Profile): Profile {
  const calls = callMilliseconds(model, profile);
  if (calls.size === 0) return profile;
  // Keys come from the model: an object without a prototype holds `__proto__` like any other.
  const milliseconds = Object.assign(Object.create(null) as Record<string, number>, profile.milliseconds);
  for (const [key, sum] of calls) milliseconds[key] = sum;
  return { ...profile, milliseconds };
}

/** Measured milliseconds of calls, by their keys: a profile is taken of what they are made of. */
function callMilliseconds(model: Model, profile: Profile): ReadonlyMap<NodeKey, number> {
  const { model: shown, sites } = shownModel(model);
  const sums = new Map<NodeKey, number>();
  if (sites.size === 0) return sums;
  for (const [node, key] of nodeKeys(shown.graph)) {
    let site = sites.get(node);
    const milliseconds = site === undefined ? undefined : measuredMilliseconds(profile, key);
    if (milliseconds === undefined) continue;
    while (site?.outer !== undefined) site = site.outer;
    if (site !== undefined) sums.set(site.key, (sums.get(site.key) ?? 0) + milliseconds);
  }
  return sums;
}
