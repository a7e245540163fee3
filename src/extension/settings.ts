// The person's settings as the engine wants them.
import * as vscode from 'vscode';
import type { EngineSettings } from '../protocol/engine';
import type { Provider } from '../protocol/measurement';

const section = 'modelLathe';
const providers: readonly Provider[] = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'];

/** Reads the settings; what is out of range falls back to its default, as settings files are written by hand. */
export function readSettings(): EngineSettings {
  const values = vscode.workspace.getConfiguration(section);
  const nodePath = values.get<string>('nodePath', '').trim();
  const provider = values.get<string>('provider', 'cpu');
  return {
    ...(nodePath === '' ? {} : { nodePath }),
    threads: inRange(values.get('threads'), 1, 256, 1),
    provider: providers.find((known) => known === provider) ?? 'cpu',
    oversizedShare: inRange(values.get('oversized.share'), 0.01, 1, 0.5),
    oversizedMinimum: inRange(values.get('oversized.minimum'), 0.001, 1, 0.05),
  };
}

/** Calls back whenever a setting of ours changes. */
export function onSettingsChanged(changed: (settings: EngineSettings) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(section)) changed(readSettings());
  });
}

function inRange(value: unknown, low: number, high: number, fallback: number): number {
  return typeof value === 'number' && value >= low && value <= high ? value : fallback;
}
