// How far what comes out of each layer of a quantized model is from its float form, on samples of the data.
import { analyzeModel } from '../analysis/analyze';
import { defaultBindings } from '../graph/defaultBindings';
import type { Model } from '../graph/model';
import { GraphIndex, nodeKeys } from '../graph/traverse';
import type { LayerError } from '../protocol/report';
import { type CompareValuesOptions, compareValues, type ValuePair } from '../runtime/compareValues';
import type { Feeds } from '../runtime/data/samples';

/** Bytes of a value whose size is not known: a generous guess, so that memory stays bounded. */
const unknownBytes = 4 * 2 ** 20;

/**
 * Compares the values both models have by name: quantization keeps the names of what it quantizes.
 * @returns in the order of the float model
 * @throws LatheError whatever running throws; `cancelled`
 */
export async function layerErrors(float: Model, variant: Model, samples: readonly Feeds[], bindings: Readonly<Record<string, number>>, options: CompareValuesOptions): Promise<LayerError[]> {
  const kept = new GraphIndex(variant.graph);
  const keys = nodeKeys(float.graph);
  const layers = analyzeModel(float, { bindings: defaultBindings(float.graph, bindings) }).layers.filter(({ graph, folded }) => graph === float.graph && !folded);
  const nodes = new Map([...keys].map(([node, key]) => [key, node]));
  const rows: { readonly layer: string; readonly origins: readonly string[]; readonly pair: ValuePair }[] = [];
  for (const { key, outputs, activationBytes } of layers) {
    const [output] = outputs;
    if (output?.type !== 'float32' || kept.producer(output.name) === undefined) continue;
    const bytes = 2 * (activationBytes ?? unknownBytes);
    rows.push({ layer: key, origins: nodes.get(key)?.origin ?? [key], pair: { before: output.name, after: output.name, bytes } });
  }
  const noise = rows.map(() => ({ sum: 0, count: 0 }));
  for (const feeds of samples) {
    const compared = await compareValues(float, variant, rows.map(({ pair }) => pair), feeds, options);
    for (const [i, { bitEqual, maxAbs, sqnrDb }] of compared.entries()) {
      const sums = noise[i];
      const power = bitEqual || maxAbs === 0 ? 0 : sqnrDb === null ? undefined : 10 ** (-sqnrDb / 10);
      if (sums === undefined || power === undefined) continue;
      sums.sum += power;
      sums.count++;
    }
  }
  return rows.flatMap(({ layer, origins }, i) => {
    const { sum, count } = noise[i] ?? { sum: 0, count: 0 };
    return sum > 0 ? [{ layer, origins, sqnrDb: -10 * Math.log10(sum / count) }] : [];
  });
}
