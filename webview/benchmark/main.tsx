// Entry of the benchmark view page: connects to the editor and renders.
import { render } from 'preact';
import type { FromBenchmarkView, ToBenchmarkView } from '../../src/protocol/view';
import { connect } from '../common/host';
import { registerControls } from '../controls';
import { App } from './app';
import type { KeptBenchmarkState } from './state';

const root = document.getElementById('root');
if (root !== null) {
  registerControls();
  render(<App host={connect<ToBenchmarkView, FromBenchmarkView, KeptBenchmarkState>()} />, root);
}
