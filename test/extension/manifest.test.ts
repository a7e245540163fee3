// package.json against the code and the files it names.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleText } from '../../l10n/collect.mjs';
import { commandNames } from '../../src/extension/commandNames';
import { textExtension, textScheme } from '../../src/extension/textUri';

const root = path.join(import.meta.dirname, '..', '..');
const manifestText = fs.readFileSync(path.join(root, 'package.json'), 'utf8');

interface Manifest {
  readonly icon: string;
  readonly engines: { readonly vscode: string };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly activationEvents: readonly string[];
  readonly capabilities: { readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] }; readonly virtualWorkspaces: { readonly supported: string } };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly category: string; readonly icon: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly customEditors: readonly { readonly viewType: string; readonly priority: string }[];
    readonly languages: readonly { readonly id: string; readonly extensions: readonly string[]; readonly configuration: string }[];
    readonly grammars: readonly { readonly language: string; readonly path: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string; readonly default?: unknown }>> };
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: Readonly<Record<string, string>> }[] }[];
    readonly keybindings: readonly { readonly when: string }[];
  };
}

const manifest = JSON.parse(manifestText) as Manifest;
const { contributes } = manifest;

describe('the manifest', () => {
  it('offers exactly the commands that the extension registers, each in the category and with an icon', () => {
    expect(contributes.commands.map((row) => row.command).sort()).toEqual(commandNames.map((name) => `modelLathe.${name}`).sort());
    for (const { category, icon } of contributes.commands) {
      expect(category).toBe('Model Lathe');
      expect(icon).toMatch(/^\$\([a-z-]+\)$/);
    }
  });

  it('puts only offered commands into menus, each under a condition', () => {
    const offered = new Set(contributes.commands.map((row) => row.command));
    for (const row of Object.values(contributes.menus).flat()) {
      expect(offered).toContain(row.command);
      expect(row.when, row.command).toBeTruthy();
    }
  });

  it('takes a shortcut only where VS Code leaves it dead, and never activates on everything', () => {
    // VS Code's own quick fix is off in read-only editors.
    for (const { when } of contributes.keybindings) expect(when).toContain(`editorReadonly && resourceScheme == ${textScheme}`);
    // JSON may be a TensorFlow.js model, which only its content tells.
    expect(manifest.activationEvents).toEqual([`onFileSystem:${textScheme}`, 'onLanguage:json', 'workspaceContains:**/model.json']);
  });

  it('has an English text for every placeholder and none to spare', () => {
    const used = [...manifestText.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key).sort();
    const texts = Object.keys(JSON.parse(fs.readFileSync(path.join(root, 'package.nls.json'), 'utf8')) as object).sort();
    expect(texts).toEqual([...new Set(used)]);
  });

  it('has every string of the extension in the bundle that translators start from (`node l10n/collect.mjs` makes it)', () => {
    expect(fs.readFileSync(path.join(root, 'l10n', 'bundle.l10n.json'), 'utf8')).toBe(bundleText());
  });

  it('names files that exist', () => {
    const files = [manifest.icon, ...contributes.languages.map((row) => row.configuration), ...contributes.grammars.map((row) => row.path), ...contributes.walkthroughs.flatMap((row) => row.steps.flatMap((step) => Object.values(step.media)))];
    for (const file of files.filter((name) => /\.(png|svg|json|md)$/.test(name))) expect(fs.existsSync(path.join(root, file)), file).toBe(true);
  });

  it('opens .onnx in the model view, and keeps its own text files from it', () => {
    expect(contributes.customEditors).toMatchObject([
      { viewType: 'modelLathe.model', priority: 'default' },
      { viewType: 'modelLathe.tfjs', priority: 'option' },
    ]);
    expect(contributes.languages[0]?.extensions).toEqual([textExtension]);
  });

  it('lets untrusted folders view, and takes no program path from them', () => {
    expect(manifest.capabilities.untrustedWorkspaces.supported).toBe('limited');
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain('modelLathe.nodePath');
    expect(contributes.configuration.properties['modelLathe.nodePath']?.scope).toBe('machine');
    expect(manifest.capabilities.virtualWorkspaces.supported).toBe('limited');
  });

  it('gives every setting a default', () => {
    for (const [name, setting] of Object.entries(contributes.configuration.properties)) expect(setting.default, name).toBeDefined();
  });

  it('is typed against the oldest VS Code it runs in', () => {
    expect(manifest.engines.vscode).toBe(`^${manifest.devDependencies['@types/vscode'] ?? ''}`);
  });
});

describe('the grammar of ONNX text', () => {
  it('refers only to rules it has', () => {
    const text = fs.readFileSync(path.join(root, 'syntaxes', 'onnxtxt.tmLanguage.json'), 'utf8');
    const grammar = JSON.parse(text) as { readonly repository: Readonly<Record<string, unknown>> };
    for (const [, rule] of text.matchAll(/"include": "#([\w-]+)"/g)) expect(Object.keys(grammar.repository)).toContain(rule);
  });
});
