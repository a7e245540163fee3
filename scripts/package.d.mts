// Types of package.mjs, for tests and benchmarks.
export declare const hostTarget: string;
export declare function packageExtension(target?: string, options?: { build?: boolean }): Promise<{ file: string; bytes: number }>;
