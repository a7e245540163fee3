// Set-up of the end-to-end tests: packs the extension, installs the package into a fresh profile, makes the sample workspace, starts the server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { renderTextLines } from '../../bench/textLines';
import { packageExtension } from '../../scripts/package.mjs';
import { startServer } from '../../scripts/vscode/codeServer.mjs';
import { ensureChromium } from '../../scripts/vscode/system.mjs';
import { makeWorkspace } from '../../scripts/workspace.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the server. */
    readonly origin: string;
    /** The sample workspace's folder. */
    readonly workspace: string;
    /** Where the profile lies; the extension's log among other things. */
    readonly profile: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = mkdtempSync(join(tmpdir(), 'model-lathe-e2e-'));
  const { file } = await packageExtension();
  const workspace = await makeWorkspace(join(scratch, 'workspace'), { samples: ['digits.onnx', 'flawed.onnx', 'many-nodes.onnx'] });
  // Pictures of text to calibrate the recogniser with.
  await renderTextLines(join(workspace, 'text-lines'), { count: 32, seed: 3, style: 'hard', executablePath: await ensureChromium() });
  const server = await startServer({ vsix: [file] });
  project.provide('origin', server.origin);
  project.provide('workspace', workspace);
  project.provide('profile', server.folder);
  return async () => {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
