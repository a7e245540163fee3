// Keeps a page's state soon after it changed, not at every frame of a pan.
import { useCallback, useRef } from 'preact/hooks';
import type { Host } from './host';

const saveDelayMs = 200;

/** @param compose the state to keep, undefined while there is none @returns a function that has it kept soon */
export function useSaver<To, From, State>(host: Host<To, From, State>, compose: () => State | undefined): () => void {
  const latest = useRef(compose);
  latest.current = compose;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  return useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const state = latest.current();
      if (state !== undefined) host.save(state);
    }, saveDelayMs);
  }, []);
}
