// Types of system.mjs, for the end-to-end tests.
export declare function findChromium(): string | undefined;
export declare function ensureChromium(): Promise<string>;
