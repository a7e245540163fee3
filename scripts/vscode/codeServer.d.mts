// Types of codeServer.mjs, for the end-to-end tests.
export interface Server {
  readonly port: number;
  readonly origin: string;
  /** Holds the profile. */
  readonly folder: string;
  readonly extensions: string;
  stop(): Promise<void>;
  log(): string;
}

export interface ServerOptions {
  readonly vsix?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly smokeTests?: boolean;
  readonly preferredPort?: number;
  readonly profile?: string;
}

export declare const codeServerVersion: string;
export declare function startServer(options?: ServerOptions): Promise<Server>;
