// The HTML of a webview page.
import { describe, expect, it } from 'vitest';
import { escapeHtml, pageHtml, type PageAssets } from '../../src/extension/page';

const assets: PageAssets = {
  cspSource: 'https://*.vscode-cdn.net',
  title: 'Model <script>',
  script: 'https://host/dist/modelView.js',
  style: 'https://host/media/modelView.css',
  data: new Map([['worker-uri', 'https://host/a"b&c']]),
  language: 'en',
};

function policyOf(html: string): string {
  return /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
}

describe('a webview page', () => {
  it('forbids everything it does not name, inline script and style among it', () => {
    const policy = policyOf(pageHtml(assets));
    expect(policy).toContain('default-src &#39;none&#39;');
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toContain('*;');
    expect(policy).toContain('worker-src blob:');
  });

  it('gives its one script a nonce that is new each time and too long to guess', () => {
    const nonces = [pageHtml(assets), pageHtml(assets)].map((html) => /<script nonce="([^"]+)"/.exec(html)?.[1] ?? '');
    expect(nonces[0]).not.toBe(nonces[1]);
    for (const nonce of nonces) expect(Buffer.from(nonce, 'base64url').length).toBeGreaterThanOrEqual(16);
    const html = pageHtml(assets);
    expect(policyOf(html)).toContain(`nonce-${/<script nonce="([^"]+)"/.exec(html)?.[1] ?? '?'}`);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<style|\son\w+=|javascript:/);
  });

  it('hands assets over in data attributes, escaped', () => {
    const html = pageHtml(assets);
    expect(html).toContain('data-worker-uri="https://host/a&quot;b&amp;c"');
    expect(html).toContain('<title>Model &lt;script&gt;</title>');
  });

  it('escapes what could end an element or an attribute', () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  });
});
