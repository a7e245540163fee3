// docs/tensorflowjs-operators.md says what the rules say.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tensorflowjsPage } from '../../../support/tensorflowjsPage';

const page = new URL('../../../../docs/tensorflowjs-operators.md', import.meta.url);

describe('the table of what is converted', () => {
  it('is the one in docs/tensorflowjs-operators.md; UPDATE_DOCS=1 writes it anew', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, tensorflowjsPage());
    expect(readFileSync(page, 'utf8')).toBe(tensorflowjsPage());
  });
});
