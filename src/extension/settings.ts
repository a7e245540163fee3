// The person's settings as the engine wants them: those of the machine, and those that a folder may have of its own.
import * as vscode from 'vscode';
import type { EngineSettings, ModelSettings } from '../protocol/engine';
import type { Provider } from '../protocol/measurement';

const section = 'modelLathe';
const providers: readonly Provider[] = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'];

export function readEngineSettings(): EngineSettings {
  const nodePath = vscode.workspace.getConfiguration(section).get<string>('nodePath', '').trim();
  return nodePath === '' ? {} : { nodePath };
}

/** Settings as they are for a file; what is out of range falls back to its default, as settings files are written by hand. */
export function readModelSettings(model: vscode.Uri): ModelSettings {
  const values = vscode.workspace.getConfiguration(section, model);
  const provider = values.get<string>('provider', 'cpu');
  return {
    threads: inRange(values.get('threads'), 1, 256, 1),
    provider: providers.find((known) => known === provider) ?? 'cpu',
    oversizedShare: inRange(values.get('oversized.share'), 0.01, 1, 0.5),
    oversizedMinimum: inRange(values.get('oversized.minimum'), 0.001, 1, 0.05),
  };
}

/** Calls back whenever a setting of ours changes. */
export function onSettingsChanged(changed: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(section)) changed();
  });
}

function inRange(value: unknown, low: number, high: number, fallback: number): number {
  return typeof value === 'number' && value >= low && value <= high ? value : fallback;
}
