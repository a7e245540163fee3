// Entry of the suite that runs inside a real extension host: finds every *.test.js beside it, runs Mocha, writes a report.
import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** What scripts/test-vscode.mjs reads back. */
interface SuiteReport {
  passed: number;
  failed: number;
  readonly tests: { readonly title: string; readonly milliseconds?: number; readonly error?: string }[];
}

/** Called by VS Code; rejects when a test failed, which becomes its exit code. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000 });
  for (const file of fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.js')).sort()) mocha.addFile(path.join(__dirname, file));
  const report: SuiteReport = { passed: 0, failed: 0, tests: [] };
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', (test) => {
      report.passed++;
      report.tests.push({ title: test.fullTitle(), milliseconds: test.duration ?? 0 });
    });
    runner.on('fail', (test, error: unknown) => {
      report.failed++;
      report.tests.push({ title: test.fullTitle(), error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
  });
  const file = process.env['MODEL_LATHE_SUITE_REPORT'];
  if (file !== undefined) fs.writeFileSync(file, JSON.stringify(report));
  if (report.failed > 0) throw new Error(`${report.failed} failed`);
}
