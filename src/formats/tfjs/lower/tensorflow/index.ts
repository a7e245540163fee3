// TensorFlow's operators that can be lowered, by name, and those known to have no counterpart.
import type { Rule, Rules } from '../context';
import { convolutionRules } from './convolution';
import { elementwiseRules } from './elementwise';
import { imageRules } from './image';
import { listRules } from './lists';
import { matmulRules } from './matmul';
import { movementRules } from './movement';
import { reductionRules } from './reduction';
import { selectionRules } from './selection';
import { shapeRules } from './shape';

/** Families of rules as the support table shows them. */
export const tensorflowFamilies: readonly { readonly title: string; readonly rules: Rules }[] = [
  { title: 'Convolution, pooling, normalisation', rules: convolutionRules },
  { title: 'Elementwise', rules: elementwiseRules },
  { title: 'Matrix products', rules: matmulRules },
  { title: 'Reductions', rules: reductionRules },
  { title: 'Shapes and values made from them', rules: shapeRules },
  { title: 'Moving data', rules: movementRules },
  { title: 'Images', rules: imageRules },
  { title: 'Choosing', rules: selectionRules },
  { title: 'Lists in loops', rules: listRules },
];

export const tensorflowRules: ReadonlyMap<string, Rule> = new Map(tensorflowFamilies.flatMap(({ rules }) => Object.entries(rules)));
