// Which values are compared for each row of two models: what comes out of it in the end, where both sides can be laid beside each other.
import type { LayerAnalysis, ModelAnalysis } from '../analysis/analyze';
import type { Model } from '../graph/model';
import type { PairColumns, Side } from '../protocol/comparison';
import type { ModelSnapshot } from '../protocol/view';
import type { ValuePair } from '../runtime/compareValues';

/** Element types of values that a runtime hands over as they are, and that errors make sense of. */
const comparable: ReadonlySet<string> = new Set(['float32', 'float16', 'float64']);

interface SideOf {
  readonly model: Model;
  readonly analysis: ModelAnalysis;
  readonly snapshot: ModelSnapshot;
}

/** @returns the pairs, and for each the row it stands for */
export function valuePairs(pairs: PairColumns, before: SideOf, after: SideOf): { readonly values: readonly ValuePair[]; readonly rows: readonly number[] } {
  const known = { before: layersOf(before), after: layersOf(after) };
  const values: ValuePair[] = [];
  const rows: number[] = [];
  for (let row = 0; row < pairs.count; row++) {
    const layers = (side: Side): LayerAnalysis[] => {
      const { start, items } = pairs.layers[side];
      // They stand by the work they do; here in the order of the file.
      return [...items.slice(start[row], start[row + 1]).sort()].flatMap((layer) => known[side][layer] ?? []);
    };
    const [one, other] = [outputOf(layers('before'), before.model), outputOf(layers('after'), after.model)];
    if (one === undefined || other === undefined) continue;
    values.push({ before: one.name, after: other.name, bytes: one.bytes + other.bytes });
    rows.push(row);
  }
  return { values, rows };
}

function layersOf({ analysis, snapshot }: SideOf): (LayerAnalysis | undefined)[] {
  const byKey = new Map(analysis.layers.map((layer) => [layer.key, layer]));
  return snapshot.layers.keys.map((key) => byKey.get(key));
}

/** What the last node of the main graph makes. Of one that quantizes, what it quantizes is the thing: the value before it. */
function outputOf(layers: readonly LayerAnalysis[], model: Model): { readonly name: string; readonly bytes: number } | undefined {
  const places = layers.filter(({ graph, folded }) => graph === model.graph && !folded);
  for (const { outputs, activationBytes } of places.toReversed()) {
    const [output] = outputs;
    if (output !== undefined && comparable.has(output.type)) return { name: output.name, bytes: activationBytes ?? 0 };
  }
  return undefined;
}
