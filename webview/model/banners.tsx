// What the person must know while the last state stays visible: the engine died, the file is gone, an error, a notice.
import type { VNode } from 'preact';
import { Banner } from '../common/status';
import { visible } from '../common/visible';
import { Button } from '../controls';
import type { ModelHost } from './modelHost';
import type { ViewState } from './state';

export function Banners({ state, host, onClose }: { readonly state: ViewState; readonly host: ModelHost; readonly onClose: (what: 'error' | 'notice') => void }): VNode {
  const { engineDied, gone, error, notice } = state;
  return (
    <>
      {engineDied === undefined ? null : (
        <Banner severity="error" actions={<><Button kind="primary" onClick={() => host.send({ type: 'restartEngine' })}>Restart</Button><Button onClick={() => host.send({ type: 'showLog' })}>Show log</Button></>}>
          The engine stopped; what you see is its last state. {visible(engineDied)}
        </Banner>
      )}
      {gone ? <Banner severity="warning">The file is no longer on disk; what you see is its last state. It is shown again when it comes back.</Banner> : null}
      {error === undefined ? null : (
        <Banner severity="error" actions={<><Button onClick={() => host.send({ type: 'showLog' })}>Show log</Button><Button onClick={() => onClose('error')}>Close</Button></>}>
          {visible(error.message)}{error.item === undefined ? '' : ` At ${visible(error.item)}.`}{error.hint === undefined ? '' : ` ${visible(error.hint)}`}
        </Banner>
      )}
      {notice === undefined ? null : <Banner severity="information" actions={<Button onClick={() => onClose('notice')}>Close</Button>}>{visible(notice)}</Banner>}
    </>
  );
}
