// The benchmark view: the chosen report of the active model, its variants and figures, and the reports before it.
import type { VNode } from 'preact';
import { useEffect, useMemo, useReducer } from 'preact/hooks';
import type { FromBenchmarkView, ToBenchmarkView } from '../../src/protocol/view';
import type { OptimizationReport } from '../../src/protocol/report';
import { ErrorBoundary } from '../common/errorBoundary';
import { baseName, formatAge } from '../common/format';
import type { Host } from '../common/host';
import { Banner, ErrorText, JobLine } from '../common/status';
import { visible } from '../common/visible';
import { Button } from '../controls';
import { AccuracyAndLatency, LatencyDistribution, SizeAndLatency } from './charts';
import { benchmarkOf, describeVerdict } from './figures';
import { AgainstSource, Settings, Variants, WhereTheTimeWent } from './sections';
import { reduce, startState, type KeptBenchmarkState } from './state';

export type BenchmarkHost = Host<ToBenchmarkView, FromBenchmarkView, KeptBenchmarkState>;

export function App({ host }: { readonly host: BenchmarkHost }): VNode {
  const [state, dispatch] = useReducer(reduce, useMemo(() => host.load(), []), startState);
  useEffect(() => {
    host.listen((message) => dispatch({ type: 'message', message }));
    host.send({ type: 'ready' });
  }, []);
  useEffect(() => host.save({ report: state.report ?? null, variant: state.variant ?? null }), [state.report, state.variant]);
  const { reports, model, jobs, error } = state;
  const report = reports?.find(({ startedAt }) => startedAt === state.report) ?? reports?.[0];
  return (
    <div class="bench">
      {jobs.map((job) => <JobLine key={job.id} job={job} onCancel={() => host.send({ type: 'cancel', job: job.id })} />)}
      {error === undefined ? null : <Banner severity="error" actions={<Button onClick={() => dispatch({ type: 'closeError' })}>Close</Button>}><ErrorText error={error} /></Banner>}
      {report === undefined ? <Nothing model={model} loading={reports === undefined} busy={jobs.length > 0} host={host} /> : (
        <>
          <ErrorBoundary subject="This report" shown={report}>
            <Report report={report} variantId={state.variant} host={host} onVariant={(variant) => dispatch({ type: 'variant', variant })} />
          </ErrorBoundary>
          <History reports={reports ?? []} shown={report} onReport={(startedAt) => dispatch({ type: 'report', report: startedAt })} />
          <div class="row-of-buttons foot"><Button onClick={() => host.send({ type: 'optimize' })}>Optimize…</Button></div>
        </>
      )}
    </div>
  );
}

function Nothing({ model, loading, busy, host }: { readonly model: string | null; readonly loading: boolean; readonly busy: boolean; readonly host: BenchmarkHost }): VNode {
  if (loading) return <p class="empty muted appear-late" role="status">Reading reports…</p>;
  if (model === null) return <p class="empty muted">Open a model: what was measured of it appears here.</p>;
  return (
    <div class="empty">
      <p>Nothing has been measured of {visible(baseName(model))} yet.</p>
      <p class="muted">Optimize tries variants, checks their outputs against the model and measures both in turn; what is not better is not kept.</p>
      <Button kind="primary" disabled={busy} onClick={() => host.send({ type: 'optimize' })}>Optimize…</Button>
    </div>
  );
}

interface ReportProps {
  readonly report: OptimizationReport;
  readonly variantId: string | undefined;
  readonly host: BenchmarkHost;
  readonly onVariant: (id: string) => void;
}

function Report({ report, variantId, host, onVariant }: ReportProps): VNode {
  const variant = report.variants.find(({ id }) => id === variantId) ?? report.variants.find(({ id }) => id === report.winner)
    ?? report.variants.find(({ benchmark }) => benchmark !== undefined) ?? report.variants[0];
  const benchmark = benchmarkOf(report, variant);
  const name = variant === undefined ? 'source' : visible(variant.title);
  const { reportPath } = report;
  return (
    <>
      <header class="bench-head">
        <h1>Benchmarks</h1>
        <span class="muted">{describeSettings(report, benchmark?.rounds)}</span>
      </header>
      <p class="conclusion">{visible(report.conclusion)}</p>
      {benchmark?.verdict === 'inconclusive' ? <Banner severity="warning">Inconclusive: {visible(benchmark.reason ?? 'the machine was busy')}. Measure again when it is idle.</Banner> : null}
      <Variants report={report} selected={variant?.id} onSelect={onVariant} onOpen={(path) => host.send({ type: 'openModel', path })} onCompare={(path) => host.send({ type: 'compareGraphs', source: report.source.path, variant: path })} />
      <AgainstSource report={report} variant={variant} name={name} />
      {benchmark === undefined ? null : <LatencyDistribution benchmark={benchmark} name={name} />}
      {variant === undefined ? null : <WhereTheTimeWent variant={variant} name={name} />}
      <AccuracyAndLatency report={report} />
      <SizeAndLatency report={report} />
      <Settings report={report} benchmark={benchmark} />
      {reportPath === undefined ? null : <p><button type="button" class="link" onClick={() => host.send({ type: 'openReport', path: reportPath })}>Open the full report</button></p>}
    </>
  );
}

interface HistoryProps {
  readonly reports: readonly OptimizationReport[];
  readonly shown: OptimizationReport;
  readonly onReport: (startedAt: string) => void;
}

/** The way to every report, also from one that cannot be shown. */
function History({ reports, shown, onReport }: HistoryProps): VNode | null {
  if (reports.length < 2) return null;
  return (
    <section aria-label="History">
      <h2>History</h2>
      {reports.map((report) => (
        <div key={report.startedAt} class="history">
          <button type="button" class="link" aria-current={report === shown} onClick={() => onReport(report.startedAt)}>{formatAge(report.startedAt, Date.now())}</button>
          <ErrorBoundary subject="Its outcome" shown={report}><Outcome report={report} /></ErrorBoundary>
        </div>
      ))}
    </section>
  );
}

function Outcome({ report }: { readonly report: OptimizationReport }): VNode {
  return <span class="muted">{visible(outcome(report))}</span>;
}

function describeSettings({ settings }: OptimizationReport, rounds: number | undefined): string {
  const bindings = Object.entries(settings.bindings).map(([symbol, value]) => `${visible(symbol)} ${value.toString()}`);
  return ['measured here', settings.threads === 1 ? '1 thread' : `${settings.threads.toString()} threads`, ...bindings, ...(rounds === undefined ? [] : [`${rounds.toLocaleString('en-US')} rounds`])].join(' · ');
}

function outcome(report: OptimizationReport): string {
  const winner = report.variants.find(({ id }) => id === report.winner);
  const benchmark = benchmarkOf(report, winner);
  if (winner === undefined) return `${report.goal} · left as it is`;
  return [report.goal, winner.title, ...(benchmark === undefined ? [] : [describeVerdict(benchmark)])].filter((part) => part !== '').join(' · ');
}
