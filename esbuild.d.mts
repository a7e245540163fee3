// Types of esbuild.mjs, for the tests that build what they fork.
export declare const bundleNames: readonly string[];
export declare function buildBundles(names?: readonly string[], options?: { sourcemap?: boolean }): Promise<string[]>;
export declare function buildTool(source: string): Promise<string>;
