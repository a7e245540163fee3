// The model view's wire to the extension.
import type { FromModelView, ToModelView } from '../../src/protocol/view';
import type { Host } from '../common/host';
import type { KeptState } from './state';

export type ModelHost = Host<ToModelView, FromModelView, KeptState>;
