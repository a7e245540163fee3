// A border between two panes that can be moved with the pointer and with the arrow keys.
import { useRef } from 'preact/hooks';
import type { VNode } from 'preact';

export interface SplitterProps {
  readonly direction: 'horizontal' | 'vertical';
  readonly label: string;
  /** Size of the pane after the splitter, in pixels. */
  readonly size: number;
  readonly least: number;
  readonly greatest: number;
  readonly onSize: (size: number) => void;
}

const keyStep = 24;

export function Splitter({ direction, label, size, least, greatest, onSize }: SplitterProps): VNode {
  const start = useRef<{ readonly at: number; readonly size: number }>(undefined);
  const clamp = (value: number): number => Math.round(Math.min(greatest, Math.max(least, value)));
  const position = (event: PointerEvent): number => (direction === 'vertical' ? event.clientX : event.clientY);
  return (
    <div
      class={`splitter ${direction}`} role="separator" tabIndex={0} aria-label={label} aria-orientation={direction}
      aria-valuenow={size} aria-valuemin={least} aria-valuemax={Math.round(greatest)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { at: position(event), size };
        event.preventDefault();
      }}
      onPointerMove={(event) => {
        if (start.current !== undefined) onSize(clamp(start.current.size + start.current.at - position(event)));
      }}
      onPointerUp={() => { start.current = undefined; }}
      onPointerCancel={() => { start.current = undefined; }}
      onKeyDown={(event) => {
        const grow = direction === 'vertical' ? 'ArrowLeft' : 'ArrowUp';
        const shrink = direction === 'vertical' ? 'ArrowRight' : 'ArrowDown';
        if (event.key !== grow && event.key !== shrink) return;
        event.preventDefault();
        onSize(clamp(size + (event.key === grow ? keyStep : -keyStep)));
      }}
    />
  );
}
