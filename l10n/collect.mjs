// Collects every string that src/extension shows (`t('…')`) into l10n/bundle.l10n.json, which translators start from. `node l10n/collect.mjs`
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const sources = path.join(here, '..', 'src', 'extension');

/** The strings in order of the alphabet, so that a change of code order changes nothing. */
export function collectStrings() {
  const strings = new Set();
  for (const name of fs.readdirSync(sources, { recursive: true })) {
    if (!String(name).endsWith('.ts')) continue;
    const text = fs.readFileSync(path.join(sources, String(name)), 'utf8');
    for (const [, literal] of text.matchAll(/(?<![\w.])t\(\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g)) strings.add(JSON.parse(`"${literal.slice(1, -1).replaceAll("\\'", "'").replaceAll('"', '\\"')}"`));
  }
  return [...strings].sort();
}

export function bundleText() {
  return `${JSON.stringify(Object.fromEntries(collectStrings().map((text) => [text, text])), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) fs.writeFileSync(path.join(here, 'bundle.l10n.json'), bundleText());
