// States a page can be in besides showing something: busy, broken, gone. Shared by both pages.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ErrorJson } from '../../src/base/errors';
import { Button } from '../controls';
import type { Job } from './jobs';
import { visible } from './visible';

/** A screen reader is told of a job this often: the line itself changes many times a second. */
const spokenEveryMs = 10_000;

/** A text that changes often, as it was at the last of the regular times. */
function useSeldom(text: string, everyMs: number): string {
  const [seldom, setSeldom] = useState(text);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    const timer = setInterval(() => setSeldom(latest.current), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return seldom;
}

/** One line per running job: what it does, how far it is, and a way to stop it. */
export function JobLine({ job, onCancel }: { readonly job: Job; readonly onCancel: () => void }): VNode {
  const percent = job.fraction === undefined ? undefined : Math.round(Math.min(1, Math.max(0, job.fraction)) * 100);
  const share = percent === undefined ? '' : ` · ${percent.toString()} %`;
  const spoken = useSeldom(`${visible(job.title ?? '')} ${visible(job.message)}${share}`, spokenEveryMs);
  return (
    <div class="job">
      <span class="hidden" role="status">{spoken}</span>
      <div
        class={percent === undefined ? 'progress indeterminate' : 'progress'} role="progressbar" aria-label={job.title ?? job.message}
        {...(percent === undefined ? {} : { 'aria-valuenow': percent, 'aria-valuemin': 0, 'aria-valuemax': 100 })}
      >
        <div class="progress-bar" style={percent === undefined ? {} : { width: `${percent.toString()}%` }} />
      </div>
      <span class="job-text">
        {job.title === undefined ? null : <b>{visible(job.title)} </b>}
        {visible(job.message)}
        {share}
      </span>
      <Button onClick={onCancel}>Cancel</Button>
    </div>
  );
}

export interface BannerProps {
  readonly severity: 'information' | 'warning' | 'error';
  readonly children: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** A line above the content that stays until its cause is gone; the last state remains visible below. */
export function Banner({ severity, children, actions }: BannerProps): VNode {
  return (
    <div class={`banner ${severity}`} role={severity === 'error' ? 'alert' : 'status'}>
      <span class="banner-text">{children}</span>
      {actions}
    </div>
  );
}

/** An error in full: what, where, and what can be done. */
export function ErrorText({ error }: { readonly error: ErrorJson }): VNode {
  return (
    <div class="error-text">
      <p class="error-message">{visible(error.message)}</p>
      {error.item === undefined ? null : <p class="muted wrap">At {visible(error.item)}</p>}
      {error.file === undefined ? null : <p class="muted wrap">{visible(error.file)}</p>}
      {error.hint === undefined ? null : <p>{visible(error.hint)}</p>}
    </div>
  );
}
