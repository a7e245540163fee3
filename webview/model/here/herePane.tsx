// Benchmark here: the model run in this page, by the backends a web developer has, side by side.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type PageBackend, type PageBenchmark, runtimeOf } from '../../../src/protocol/pageBenchmark';
import { formatAge } from '../../common/format';
import { Banner, ErrorText, JobLine } from '../../common/status';
import { visible } from '../../common/visible';
import { Button } from '../../controls';
import type { PageBenchmarks } from './usePageBenchmark';
import { backendTitles, choiceGroups, pageNotes, pageOutcome, pageRows } from './words';

/** Pixels of the slowest row's bar. */
const longestBar = 80;

export interface HerePaneProps {
  readonly benchmarks: PageBenchmarks;
  /** Opened by the person just now: the keyboard goes into it. */
  readonly takeFocus: boolean;
}

export function HerePane({ benchmarks, takeFocus }: HerePaneProps): VNode {
  const { backends, running, error, result } = benchmarks;
  // Plain JavaScript takes minutes for what the others do in seconds: it is chosen by who wants it.
  const [left, setLeft] = useState<ReadonlySet<PageBackend>>(new Set(['cpu']));
  const chosen = backends.filter((backend) => !left.has(backend));
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    if (takeFocus) pane.current?.focus();
  }, []);
  const toggle = (backend: PageBackend): void => {
    const next = new Set(left);
    if (!next.delete(backend)) next.add(backend);
    setLeft(next);
  };
  return (
    <section class="here" aria-labelledby="here-title" tabIndex={-1} ref={pane}>
      <header class="here-head">
        <h2 id="here-title">Benchmark here</h2>
        <p class="muted">Runs the model in this webview, as a web page would, on seeded random inputs.</p>
      </header>
      <div class="here-choices">
        {backends.length < 2 ? null : choiceGroups.map(({ title, runtime }) => (
          <fieldset key={runtime} disabled={running !== undefined}>
              <legend class="hidden">{title}</legend>
              <span class="muted" aria-hidden="true">{title}</span>
              {backends.filter((backend) => runtimeOf(backend) === runtime).map((backend) => (
                <label key={backend} class="here-choice">
                  <input type="checkbox" checked={!left.has(backend)} onChange={() => toggle(backend)} />
                  <span>{backendTitles[backend]}{backend === 'cpu' ? <span class="muted"> slow</span> : null}</span>
                </label>
              ))}
            </fieldset>
        ))}
        <Button kind="primary" disabled={running !== undefined || chosen.length === 0} onClick={() => benchmarks.start(chosen)}>{result === undefined ? 'Run' : 'Run again'}</Button>
      </div>
      {running === undefined ? null : <JobLine job={{ id: 'here', title: 'Benchmark here', ...running }} onCancel={() => benchmarks.cancel()} />}
      {error === undefined ? null : <Banner severity="error"><ErrorText error={error} /></Banner>}
      {result === undefined ? null : <Measured benchmark={result.benchmark} noTwin={result.noTwin} />}
      <div class="hidden" role="status" aria-live="polite">{result === undefined ? '' : pageOutcome(result.benchmark)}</div>
    </section>
  );
}

function Measured({ benchmark, noTwin }: { readonly benchmark: PageBenchmark; readonly noTwin: string | undefined }): VNode {
  const rows = pageRows(benchmark);
  const { reference, rounds, failed, measuredAt } = benchmark;
  const compared = rows.length > 1 && reference !== undefined;
  const agrees = rows.some(({ sqnr }) => sqnr !== '');
  return (
    <>
      <p class="here-measured"><b>Measured here, in this webview</b> <span class="muted">· {rounds.toString()} {rounds === 1 ? 'round' : 'rounds'}{compared ? ', interleaved' : ''} · 1 thread · {formatAge(measuredAt, Date.now())}</span></p>
      <table>
        <thead>
          <tr>
            <th scope="col">Backend</th>
            <th scope="col">Latency <span class="muted">median, 95 %</span></th>
            {compared ? <th scope="col">Against {backendTitles[reference]}</th> : null}
            <th scope="col">First run</th>
            <th scope="col">Load</th>
            {agrees ? <th scope="col">Output SQNR</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.backend}>
              <th scope="row"><span class="here-name">{row.name}</span><span class="muted small">{visible(row.runtime)}</span></th>
              <td data-label="Latency"><span class="here-figure"><span class="here-bar" style={{ width: `${Math.max(1, row.share * longestBar).toFixed(0)}px` }} aria-hidden="true" /><span>{row.latency}</span></span><span class="muted small">{row.latencyInterval}</span></td>
              {compared ? <td class={row.tone} data-label={`Against ${backendTitles[reference]}`}>{row.backend === reference ? <span class="muted">reference</span> : <>{row.change}<span class="muted small">{row.changeInterval}</span></>}</td> : null}
              <td data-label="First run">{row.firstRun}</td>
              <td data-label="Load">{row.load}</td>
              {agrees ? <td data-label="Output SQNR">{row.sqnr}</td> : null}
            </tr>
          ))}
          {failed.map(({ backend, problem }) => (
            <tr key={backend}>
              <th scope="row"><span class="here-name">{backendTitles[backend]}</span><span class="small worse">did not run</span></th>
              <td class="here-problem" colSpan={3 + Number(compared) + Number(agrees)}>{visible(problem)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="here-notes muted">
        {pageNotes(benchmark, crossOriginIsolated, noTwin).map((note, index) => <li key={index}>{visible(note)}</li>)}
      </ul>
    </>
  );
}
