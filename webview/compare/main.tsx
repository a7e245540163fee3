// Entry of the comparison's page: connects to the editor and renders.
import { render } from 'preact';
import type { FromCompareView, ToCompareView } from '../../src/protocol/compareView';
import type { Side } from '../../src/protocol/comparison';
import { ErrorBoundary } from '../common/errorBoundary';
import { connect } from '../common/host';
import { registerControls } from '../controls';
import type { GraphView } from '../model/graph/graphView';
import { App } from './app';
import type { KeptCompareState } from './state';

declare global {
  interface Window {
    /** For tests from outside the page: the two drawings. */
    __latheCompare?: { drawnCards(): number; view(side: Side): GraphView | undefined };
  }
}

const root = document.getElementById('root');
if (root !== null) {
  const views = new Map<Side, GraphView>();
  window.__latheCompare = {
    drawnCards: () => [...views.values()].reduce((least, view) => Math.min(least, view.drawnCards()), views.size < 2 ? 0 : Infinity),
    view: (side) => views.get(side),
  };
  registerControls();
  const host = connect<ToCompareView, FromCompareView, KeptCompareState>();
  render(<ErrorBoundary subject="The page"><App host={host} workerUri={root.dataset['workerUri']} onGraph={(side, view) => views.set(side, view)} /></ErrorBoundary>, root);
}
