// The HTML of a webview page: nothing inline, nothing from elsewhere, every asset named by a data attribute.
import crypto from 'node:crypto';

export interface PageAssets {
  /** The webview's own source for CSP. */
  readonly cspSource: string;
  readonly title: string;
  readonly script: string;
  readonly style: string;
  /** Further assets by name: `worker-uri` becomes `data-worker-uri`. */
  readonly data: ReadonlyMap<string, string>;
  /** Whether the page and its workers may compile WebAssembly. */
  readonly webAssembly?: boolean;
  /** BCP 47, so that a screen reader speaks the right language. */
  readonly language: string;
}

/** The whole page. The script finds its assets in the data attributes of `<div id="root">`. */
export function pageHtml(assets: PageAssets): string {
  const nonce = crypto.randomBytes(24).toString('base64url');
  // Pages set element styles from script, which CSP allows; a style element would need the nonce.
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'${assets.webAssembly === true ? " 'wasm-unsafe-eval'" : ''}`,
    // The hash is that of an empty style element: the toolkit tries one to see what the browser can do.
    `style-src ${assets.cspSource} 'nonce-${nonce}' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`,
    `font-src ${assets.cspSource}`,
    `img-src ${assets.cspSource} data: blob:`,
    'worker-src blob:',
    `connect-src ${assets.cspSource}`,
  ].join('; ');
  const data = [...assets.data].map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`).join('');
  return `<!DOCTYPE html>
<html lang="${escapeHtml(assets.language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(assets.style)}">
<title>${escapeHtml(assets.title)}</title>
</head>
<body>
<div id="root" data-nonce="${nonce}"${data}></div>
<script nonce="${nonce}" src="${escapeHtml(assets.script)}"></script>
</body>
</html>`;
}

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** Text that is safe inside an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities.get(char) ?? char);
}
