// Keras layers that can be lowered, by class name.
import type { Rule, Rules } from '../context';
import { convolutionRules } from './convolution';
import { coreRules } from './core';
import { recurrentRules } from './recurrent';
import { shapeRules } from './shape';

/** Families of rules as the support table shows them. */
export const kerasFamilies: readonly { readonly title: string; readonly rules: Rules }[] = [
  { title: 'Dense, normalisation, activation', rules: coreRules },
  { title: 'Convolution and pooling', rules: convolutionRules },
  { title: 'Merging, reshaping, padding, resizing', rules: shapeRules },
  { title: 'Recurrent', rules: recurrentRules },
];

export const kerasRules: ReadonlyMap<string, Rule> = new Map(kerasFamilies.flatMap(({ rules }) => Object.entries(rules)));
