// Report files read back: whole or not at all, and where they lie now.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { OptimizationReport } from '../../src/protocol/report';
import type { TaskComparison } from '../../src/protocol/taskMetrics';
import { reportMarkdown } from '../../src/recipes/markdown';
import { readReport, readReports } from '../../src/recipes/report';
import { benchmarkOf, temporaryFolder } from './support';

let folder = temporaryFolder();
afterEach(() => {
  folder.remove();
  folder = temporaryFolder();
});

function reportIn(place: string): OptimizationReport {
  const confirmation = benchmarkOf([0.4, 0.5, 0.6]);
  return {
    schema: 1,
    source: { path: join(place, 'm.onnx'), sha256: 'aa', fileBytes: 10, weightBytes: 8 },
    goal: 'latency',
    target: 'this machine',
    data: { kind: 'npy', path: join(place, 'data'), samples: 3 },
    settings: { provider: 'cpu', threads: 1, bindings: { batch: 1 } },
    floor: { metric: 'sqnr', minimum: 20 },
    seed: 0,
    variants: [{ id: 'a', title: 'A', steps: [{ technique: 't', title: 'T', options: {}, notes: ['n'], kept: [{ layer: 'l', reason: 'r' }], milliseconds: 1 }], status: 'accepted', reason: 'Faster.', path: join(place, 'm.int8.onnx'), uncalibrated: false, benchmark: confirmation }],
    winner: 'a',
    confirmation,
    conclusion: 'A is faster.',
    recipePath: join(place, '.lathe', 'm.int8.lathe.json'),
    reportPath: join(place, '.lathe', 'm.int8.report.json'),
    machine: confirmation.machine,
    versions: {},
    startedAt: '2026-01-01T00:00:00Z',
    seconds: 1,
  };
}

function written(report: unknown): string {
  const path = join(folder.path, 'r.report.json');
  writeFileSync(path, JSON.stringify(report));
  return path;
}

describe('a report file', () => {
  const whole = reportIn('/old/place');

  it('is read as it was written', () => expect(readReport(written(whole))).toEqual({ ...whole, reportPath: join(folder.path, 'r.report.json') }));

  // Every field that a reader takes for granted, one by one.
  const fields = Object.keys(whole).filter((key) => !['winner', 'confirmation', 'recipePath', 'reportPath'].includes(key));
  it.each(fields)('without %s is none', (field) => expect(readReport(written({ ...whole, [field]: undefined }))).toBeUndefined());

  it.each<[string, object]>([
    ['a confirmation without figures', { confirmation: {} }],
    ['a machine without its memory', { machine: { cpu: 'c', cores: 1 } }],
    ['a comparison without outputs', { variants: [{ ...whole.variants[0], comparison: { metric: {} } }] }],
    ['a metric nobody knows', { floor: { metric: '![x](y)', minimum: 1 } }],
  ])('with %s is none', (_, changes) => expect(readReport(written({ ...whole, ...changes }))).toBeUndefined());

  it('without what may be absent is one, and can be shown', () => {
    const report = readReport(written({ ...whole, winner: undefined, confirmation: undefined, recipePath: undefined, reportPath: undefined }));
    expect(report?.conclusion).toBe('A is faster.');
    if (report !== undefined) expect(reportMarkdown(report)).toContain('m.onnx');
  });
});

describe('a report as Markdown', () => {
  const hostile = 'x` ![p](https://evil.example/p.png) <b>bold</b> ``\u001b[31m';
  const report = reportIn('/place');
  const [variant] = report.variants;
  const [step] = variant?.steps ?? [];
  if (variant === undefined || step === undefined) throw new Error('The report has no variant.');

  it('has both figures of the task, their difference and what was demanded', () => {
    const figure = (value: number): TaskComparison['source'] => ({ value, low: value - 0.01, high: value + 0.01, samples: 500 });
    const mostLoss = { value: 0.005, relative: false };
    const task: TaskComparison = { metric: 'top1', unit: 'share', higherIsBetter: true, source: figure(0.94), variant: figure(0.936), difference: { value: -0.004, low: -0.01, high: 0.002 }, p: 0.2, test: 'mcnemar-mid-p', lost: 5, gained: 3, limit: { mostLoss } };
    const markdown = reportMarkdown({ ...report, floor: { metric: '', minimum: 0, task: { metric: 'top1', mostLoss } }, variants: [{ ...variant, comparison: { outputs: [], task, data: { kind: 'npy', samples: 500, split: 'test' } } }] });
    expect(markdown).toContain('top-1 accuracy: 93.60 % (source 94.00 %), on 500 samples of the test part');
    expect(markdown).toContain('-0.40 pp (95 % interval -1.00 pp to 0.20 pp, 5 lost and 3 gained); no difference shown, p = 0.200');
    expect(markdown).toContain('Floor: top-1 accuracy, at most 0.50 pp lost.');
  });

  it('shows names as text, whatever they hold', () => {
    const markdown = reportMarkdown({ ...report, startedAt: hostile, conclusion: hostile, source: { ...report.source, sha256: hostile }, variants: [{ ...variant, title: hostile, steps: [{ ...step, kept: [{ layer: hostile, reason: hostile }] }] }] });
    // Code spans and backslash escapes removed, nothing is left that makes markup.
    const bare = markdown.replaceAll(/(?<![\\`])(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '').replaceAll(/\\[!-/:-@[-`{-~]/g, '');
    expect(bare).not.toMatch(/!\[|<b>|\]\(/);
    expect(bare).toContain('evil.example');
    expect(markdown).not.toContain('\u001b');
  });
});

describe('reports of a folder that was moved', () => {
  it('lead to the files where they lie now', () => {
    const [old, now] = [join(folder.path, 'old'), join(folder.path, 'now')];
    mkdirSync(join(old, '.lathe'), { recursive: true });
    const report = reportIn(old);
    for (const path of [report.source.path, report.variants[0]?.path, report.recipePath]) if (path !== undefined) writeFileSync(path, '');
    writeFileSync(report.reportPath ?? '', JSON.stringify(report));
    renameSync(old, now);
    const [read] = readReports(join(now, 'm.onnx'));
    // The data were never there: their path stays as recorded.
    expect(read).toEqual({ ...reportIn(now), data: report.data });
  });
});
