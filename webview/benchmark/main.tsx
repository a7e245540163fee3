// Entry of the benchmark view page: connects to the editor and renders.
import { render } from 'preact';
import type { FromBenchmarkView, ToBenchmarkView } from '../../src/protocol/view';
import { ErrorBoundary } from '../common/errorBoundary';
import { connect } from '../common/host';
import { registerControls } from '../controls';
import { App } from './app';
import type { KeptBenchmarkState } from './state';

const root = document.getElementById('root');
if (root !== null) {
  registerControls();
  const host = connect<ToBenchmarkView, FromBenchmarkView, KeptBenchmarkState>();
  render(<ErrorBoundary subject="The page"><App host={host} /></ErrorBoundary>, root);
}
