// Types of workspace.mjs, for the end-to-end tests.
export declare const recognizer: string;
export declare const detector: string;
export declare function makeWorkspace(folder: string, options?: { samples?: readonly string[] }): Promise<string>;
