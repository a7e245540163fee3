// What pages that show graphs share: the window's size, and the keys that lead to the search.
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TextFieldElement } from '../controls';

export interface WindowSize {
  readonly width: number;
  readonly height: number;
}

export function useWindowSize(): WindowSize {
  const [size, setSize] = useState({ width: window.innerWidth, height: window.innerHeight });
  useEffect(() => {
    const resized = (): void => setSize({ width: window.innerWidth, height: window.innerHeight });
    window.addEventListener('resize', resized);
    return () => window.removeEventListener('resize', resized);
  }, []);
  return size;
}

/** Slash outside of a field, and Ctrl+F anywhere, go to the search. */
export function useSearchKeys(search: RefObject<TextFieldElement | null>): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest('vscode-text-field, input, textarea') !== null;
      const asks = event.key === '/' ? !typing && !event.ctrlKey && !event.metaKey : event.key === 'f' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (!asks || event.altKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, []);
}
