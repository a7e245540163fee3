// Names of the commands, without the `modelLathe.` prefix: what commands.ts runs and package.json offers.

export const commandNames = [
  'openModelView',
  'optimize',
  'profile',
  'benchmark',
  'compareWith',
  'compareGraphs',
  'showText',
  'editCopy',
  'inlineFunctions',
  'saveAsOnnx',
  'showFindings',
  'applyFix',
  'chooseFix',
  'revealLayer',
  'runRecipe',
  'openReport',
  'cancelJob',
  'restartEngine',
  'showLog',
  'openWalkthrough',
] as const;

export type CommandName = (typeof commandNames)[number];
