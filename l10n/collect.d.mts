// Types of collect.mjs, for the test that keeps the bundle up to date.
export function collectStrings(): string[];
export function bundleText(): string;
