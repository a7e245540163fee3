// States of a page that shows models: what must be known while the last state stays visible, and what stands there before there is any.
import type { VNode } from 'preact';
import type { ErrorJson } from '../../src/base/errors';
import { Button } from '../controls';
import type { Job } from './jobs';
import { Banner, ErrorText, JobLine } from './status';
import { visible } from './visible';

/** What both kinds of page can ask the editor for. */
export interface RescueHost {
  send(message: { readonly type: 'restartEngine' } | { readonly type: 'showLog' } | { readonly type: 'cancel'; readonly job: string }): void;
}

export interface BannersProps {
  readonly state: { readonly engineDied: string | undefined; readonly error: ErrorJson | undefined; readonly notice: string | undefined };
  /** Which file is gone, as the subject of a sentence. */
  readonly gone: string | undefined;
  readonly host: RescueHost;
  readonly onClose: (what: 'error' | 'notice') => void;
}

/** The engine died, a file is gone, an error, a notice. */
export function Banners({ state: { engineDied, error, notice }, gone, host, onClose }: BannersProps): VNode {
  return (
    <>
      {engineDied === undefined ? null : (
        <Banner severity="error" actions={<><Button kind="primary" onClick={() => host.send({ type: 'restartEngine' })}>Restart</Button><Button onClick={() => host.send({ type: 'showLog' })}>Show log</Button></>}>
          The engine stopped; what you see is its last state. {visible(engineDied)}
        </Banner>
      )}
      {gone === undefined ? null : <Banner severity="warning">{gone} is no longer on disk; what you see is its last state. It is shown again when it comes back.</Banner>}
      {error === undefined ? null : (
        <Banner severity="error" actions={<><Button onClick={() => host.send({ type: 'showLog' })}>Show log</Button><Button onClick={() => onClose('error')}>Close</Button></>}>
          {visible(error.message)}{error.item === undefined ? '' : ` At ${visible(error.item)}.`}{error.hint === undefined ? '' : ` ${visible(error.hint)}`}
        </Banner>
      )}
      {notice === undefined ? null : <Banner severity="information" actions={<Button onClick={() => onClose('notice')}>Close</Button>}>{visible(notice)}</Banner>}
    </>
  );
}

export interface WaitingProps {
  /** What is being done, and what an error is an answer to. */
  readonly reading: string;
  readonly failed: string;
  readonly error: ErrorJson | undefined;
  readonly died: string | undefined;
  readonly host: RescueHost;
  readonly jobs: readonly Job[];
}

/** Before there is anything to show: reading it, or why it cannot be read. */
export function Waiting({ reading, failed, error, died, host, jobs }: WaitingProps): VNode {
  if (error !== undefined || died !== undefined) {
    return (
      <div class="centre" role="alert">
        <h1>{error === undefined ? 'The engine stopped' : failed}</h1>
        {error === undefined ? <p>{died}</p> : <ErrorText error={error} />}
        <div class="row-of-buttons">
          {died === undefined ? null : <Button kind="primary" onClick={() => host.send({ type: 'restartEngine' })}>Restart</Button>}
          <Button onClick={() => host.send({ type: 'showLog' })}>Show log</Button>
        </div>
      </div>
    );
  }
  return (
    <div class="centre appear-late">
      <p role="status">{reading}</p>
      {jobs.map((job) => <JobLine key={job.id} job={job} onCancel={() => host.send({ type: 'cancel', job: job.id })} />)}
    </div>
  );
}
