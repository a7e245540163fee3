// The treemap: every layer as an area, for seeing at a glance what dominates. Selecting here selects everywhere.
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { cividisCss, textOn } from '../../common/cividis';
import { css, onThemeChange, readTheme } from '../../common/theme';
import { formatShare } from '../../common/format';
import { visible } from '../../common/visible';
import { Button } from '../../controls';
import { operatorOf, shortName } from '../cardText';
import type { Heat } from '../heat';
import type { Shown } from '../shown';
import type { Selection } from '../state';
import { enclosingGroups } from '../structure';
import { cellAt, treemapCells, type Cell } from './cells';

export interface TreemapPaneProps {
  readonly model: Shown;
  readonly heat: Heat;
  readonly selection: Selection;
  readonly matches: Uint8Array | undefined;
  readonly onSelect: (selection: Selection) => void;
}

const fontSize = 11;

export function TreemapPane({ model, heat, selection, matches, onSelect }: TreemapPaneProps): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [root, setRoot] = useState(0);
  const [themeCount, setThemeCount] = useState(0);
  const { structure, snapshot } = model;
  const shownRoot = root < structure.groupCount ? root : 0;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    const theme = onThemeChange(() => setThemeCount((count) => count + 1));
    return () => {
      observer.disconnect();
      theme.dispose();
    };
  }, []);

  const cells = useMemo(() => treemapCells(structure, heat, shownRoot, { x: 0, y: 0, width: size.width, height: size.height }), [structure, heat, shownRoot, size]);
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current, cells, model, heat, selection, matches, size);
  }, [cells, selection, matches, themeCount]);

  const toSelection = (cell: Cell | undefined): Selection => {
    if (cell === undefined) return { kind: 'none' };
    return cell.kind === 'layer' ? { kind: 'layer', layer: cell.reference } : { kind: 'group', group: cell.reference };
  };
  const under = (event: MouseEvent): Cell | undefined => cellAt(cells, event.offsetX, event.offsetY);
  const ordered = useMemo(() => cells.filter(({ kind }) => kind === 'layer').sort((a, b) => (heat.values[b.reference] ?? 0) - (heat.values[a.reference] ?? 0)), [cells, heat]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      const at = selection.kind === 'layer' ? ordered.findIndex(({ reference }) => reference === selection.layer) : -1;
      const next = ordered[Math.min(ordered.length - 1, Math.max(0, at + step))];
      if (next !== undefined) onSelect({ kind: 'layer', layer: next.reference });
    } else if (event.key === 'Enter' && selection.kind !== 'none') {
      const within = selection.kind === 'group' ? selection.group : snapshot.layers.group[selection.layer] ?? 0;
      // One level further in, towards what is selected.
      const path = enclosingGroups(structure, within);
      setRoot(path[path.indexOf(shownRoot) + 1] ?? shownRoot);
    } else if (event.key === 'Escape' && shownRoot !== 0) {
      setRoot(Math.max(0, structure.groupParent[shownRoot] ?? 0));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="graph-pane">
      <div
        class="treemap" ref={holder} tabIndex={0} role="application" onKeyDown={onKeyDown}
        aria-label={`Treemap of ${heat.metric.title}`} aria-describedby="treemap-help"
      >
        <canvas
          ref={canvas} aria-hidden="true"
          onClick={(event) => onSelect(toSelection(under(event)))}
          onDblClick={(event) => {
            const cell = under(event);
            const group = cell?.kind === 'group' ? cell.reference : cell === undefined ? 0 : snapshot.layers.group[cell.reference] ?? 0;
            if (group !== shownRoot) setRoot(group);
          }}
          onMouseMove={(event) => {
            const cell = under(event);
            event.currentTarget.title = cell === undefined ? '' : describe(cell, model, heat);
          }}
        />
      </div>
      <p id="treemap-help" class="hidden">Arrow keys go through the layers from the largest to the smallest, Enter shows the group around the selected one alone, Escape the group around that.</p>
      {heat.total > 0 ? null : <div class="graph-note" role="status">No layer has a figure for {heat.metric.title}.</div>}
      {shownRoot === 0 ? null : (
        <div class="graph-tools" role="group" aria-label="Treemap tools">
          <Button kind="icon" title="Show the enclosing group (Escape)" onClick={() => setRoot(Math.max(0, structure.groupParent[shownRoot] ?? 0))}>Up</Button>
          <Button kind="icon" title="Show the whole model" onClick={() => setRoot(0)}>Whole model</Button>
        </div>
      )}
    </div>
  );
}

function describe(cell: Cell, { snapshot }: Shown, heat: Heat): string {
  const value = cell.kind === 'layer' ? heat.values[cell.reference] ?? Number.NaN : heat.groupSum[cell.reference] ?? 0;
  const name = cell.kind === 'layer' ? `${operatorOf(snapshot, cell.reference)} ${snapshot.layers.keys[cell.reference] ?? ''}` : snapshot.groups[cell.reference]?.name ?? '';
  return `${visible(name)}\n${heat.metric.format(value)} · ${formatShare(value / heat.total)}`;
}

function paint(canvas: HTMLCanvasElement, cells: readonly Cell[], model: Shown, heat: Heat, selection: Selection, matches: Uint8Array | undefined, size: { readonly width: number; readonly height: number }): void {
  const ratio = globalThis.devicePixelRatio;
  canvas.width = Math.max(1, Math.round(size.width * ratio));
  canvas.height = Math.max(1, Math.round(size.height * ratio));
  canvas.style.width = `${size.width.toString()}px`;
  canvas.style.height = `${size.height.toString()}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const theme = readTheme();
  context.scale(ratio, ratio);
  context.font = `${fontSize.toString()}px ${theme.fontFamily}`;
  context.textBaseline = 'alphabetic';
  let marked: Cell | undefined;
  for (const cell of cells) {
    const position = heat.layerHeat[cell.reference] ?? -1;
    const isLayer = cell.kind === 'layer';
    context.globalAlpha = isLayer && matches !== undefined && matches[cell.reference] !== 1 ? 0.25 : 1;
    context.fillStyle = isLayer ? cividisCss(Math.max(0, position)) : css(theme.frame);
    const gap = isLayer ? 0.5 : 0;
    context.fillRect(cell.x + gap, cell.y + gap, Math.max(0.5, cell.width - gap * 2), Math.max(0.5, cell.height - gap * 2));
    if (!isLayer || theme.highContrast) {
      context.strokeStyle = css(theme.border);
      context.lineWidth = 1;
      context.strokeRect(cell.x + 0.5, cell.y + 0.5, Math.max(0, cell.width - 1), Math.max(0, cell.height - 1));
    }
    const name = isLayer ? shortName(model.snapshot.layers.keys[cell.reference] ?? '', operatorOf(model.snapshot, cell.reference)) : model.snapshot.groups[cell.reference]?.name ?? '';
    if (cell.width > 40 && cell.height > 16) {
      context.fillStyle = isLayer ? textOn(Math.max(0, position)) : css(theme.foreground);
      const value = isLayer ? heat.values[cell.reference] ?? 0 : heat.groupSum[cell.reference] ?? 0;
      write(context, visible(isLayer && cell.height < 32 ? name : name), cell.x + 4, cell.y + 12, cell.width - 8);
      if (isLayer && cell.height > 32) write(context, heat.metric.format(value), cell.x + 4, cell.y + 26, cell.width - 8);
    }
    if (selection.kind === cell.kind && (selection.kind === 'layer' ? selection.layer : selection.group) === cell.reference) marked = cell;
  }
  context.globalAlpha = 1;
  if (marked === undefined) return;
  context.strokeStyle = css(theme.focus);
  context.lineWidth = 2;
  context.strokeRect(marked.x + 1, marked.y + 1, Math.max(1, marked.width - 2), Math.max(1, marked.height - 2));
}

/** As much of the text as fits; nothing where not even three characters would. */
function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, room: number): void {
  let shown = text.slice(0, 200);
  while (shown.length > 3 && context.measureText(shown).width > room) shown = `${shown.slice(0, Math.max(2, Math.floor(shown.length * 0.8) - 1))}…`;
  if (context.measureText(shown).width <= room) context.fillText(shown, x, y);
}
