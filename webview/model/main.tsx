// Entry of the model view page: connects to the editor and renders.
import { render } from 'preact';
import type { FromModelView, ToModelView } from '../../src/protocol/view';
import { ErrorBoundary } from '../common/errorBoundary';
import { connect } from '../common/host';
import { registerControls } from '../controls';
import { App } from './app';
import type { GraphView } from './graph/graphView';
import { runtimeUris } from './here/benchmarkRun';
import type { KeptState } from './state';

/** For measurements from outside the page: what was drawn, and how long its frames took. */
interface Probe {
  /** Cards the last frame drew. */
  drawnCards(): number;
  /** Cards in the instance buffer on the graphics card. */
  instancesOnDevice(): number;
  /** Script milliseconds of the frames since the last call. */
  takeFrameTimes(): number[];
  view(): GraphView | undefined;
}

declare global {
  interface Window {
    __lathe?: Probe;
  }
}

const root = document.getElementById('root');
if (root !== null) {
  let graph: GraphView | undefined;
  window.__lathe = {
    drawnCards: () => graph?.drawnCards() ?? 0,
    instancesOnDevice: () => graph?.instancesOnDevice() ?? 0,
    takeFrameTimes: () => graph?.clock.takeTimes() ?? [],
    view: () => graph,
  };
  registerControls();
  const host = connect<ToModelView, FromModelView, KeptState>();
  render(<ErrorBoundary subject="The page"><App host={host} workerUri={root.dataset['workerUri']} runtimes={runtimeUris(root.dataset)} onGraph={(view) => { graph = view; }} /></ErrorBoundary>, root);
}
