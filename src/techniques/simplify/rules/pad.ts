// Zero padding before a convolution or an average pool becomes that operator's own padding.
import { mergedOrigin } from '../../../graph/rewrite';
import { intAttribute, intsAttribute, stringAttribute } from '../../../graph/traverse';
import type { SimplifyRule } from '../context';

const padIntoReader: SimplifyRule = {
  id: 'pad-into-layer',
  opTypes: ['Pad'],
  apply(node, scope, context) {
    const output = node.outputs[0] ?? '';
    const reader = scope.onlyReader(output);
    if (reader?.domain !== '' || reader.inputs[0] !== output || (stringAttribute(node, 'mode') ?? 'constant') !== 'constant') return false;
    if (reader.opType !== 'Conv' && !(reader.opType === 'AveragePool' && intAttribute(reader, 'count_include_pad', 0) === 1)) return false;
    const value = node.inputs.length > 2 && node.inputs[2] !== '' ? context.scalar(scope, node.inputs[2] ?? '') : 0;
    const old = node.attributes.get('value');
    if (value !== 0 || (old?.type === 'float' && old.value !== 0) || (node.inputs[3] ?? '') !== '') return false;
    if (!['NOTSET', ''].includes(stringAttribute(reader, 'auto_pad') ?? '')) return false;
    const pads = context.list(node, scope, 'pads', 1);
    if (pads === undefined || pads === 'absent') return false;
    const rank = pads.length / 2;
    const spatial = rank - 2;
    const added = [...pads.slice(2, rank), ...pads.slice(rank + 2)];
    if (spatial < 1 || pads.some((pad) => pad < 0) || [pads[0], pads[1], pads[rank], pads[rank + 1]].some((pad) => pad !== 0)) return false;
    const kernel = intsAttribute(reader, 'kernel_shape');
    const own = intsAttribute(reader, 'pads') ?? new Array<number>(spatial * 2).fill(0);
    if (reader.opType === 'AveragePool') {
      if (own.some((pad) => pad !== 0) || intAttribute(reader, 'ceil_mode', 0) !== 0) return false;
      if (kernel === undefined || added.some((pad, i) => pad >= (kernel[i % spatial] ?? 0))) return false;
    }
    if (own.length !== added.length) return false;
    reader.attributes.set('pads', { type: 'ints', value: own.map((pad, i) => pad + (added[i] ?? 0)) });
    reader.origin = mergedOrigin([node, reader]);
    scope.setInput(reader, 0, node.inputs[0] ?? '');
    scope.remove(node);
    return true;
  },
};

export const padRules: readonly SimplifyRule[] = [padIntoReader];
