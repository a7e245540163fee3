// The graph in the page: keeps the drawing in step with the state, and turns keys and clicks into actions.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Button } from '../../controls';
import { cardText, type CardText } from '../cardText';
import type { Heat } from '../heat';
import { heatOfCards } from '../heatCards';
import { LayoutClient } from '../layout/layoutClient';
import { cardKind, type Scene } from '../layout/scene';
import type { Shown } from '../shown';
import type { Selection } from '../state';
import type { Box, Camera } from './camera';
import { GraphView } from './graphView';
import type { Direction } from './navigate';

export interface GraphPaneProps {
  /** Which graph this is, where a page shows several; a word, for ids. */
  readonly id?: string;
  readonly label?: string;
  /** Words on a card, instead of the model's own. */
  readonly textOf?: (kind: number, reference: number) => CardText;
  /** What the help says of the other ways to the same layers. */
  readonly help?: string;
  readonly model: Shown;
  readonly heat: Heat;
  readonly expanded: ReadonlySet<number>;
  readonly selection: Selection;
  /** Grows by one whenever the selection is to be brought into view. */
  readonly revealed: number;
  readonly matches: Uint8Array | undefined;
  readonly workerUri: string | undefined;
  readonly camera: Camera | null;
  readonly onCamera: (camera: Camera) => void;
  readonly onSelect: (selection: Selection) => void;
  readonly onToggle: (group: number) => void;
  readonly onExpand: (groups: 'all' | 'none') => void;
  readonly onOpenTable: () => void;
  /** For measurements from outside: the drawing and its scene. */
  readonly onReady: (view: GraphView) => void;
}

const arrows: Readonly<Record<string, Direction>> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' };
const panStep = 60;
const zoomStep = 1.3;

export function GraphPane(props: GraphPaneProps): VNode {
  const { id = 'graph', label = 'Graph of the model', textOf, help = 'The table below lists the same layers.', model, heat, expanded, selection, revealed, matches, workerUri } = props;
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [view, setView] = useState<GraphView>();
  const [scene, setScene] = useState<Scene>();
  const sceneRef = useRef<Scene>(undefined);
  const clientRef = useRef<LayoutClient>(undefined);
  const [fallback, setFallback] = useState(false);
  const anchor = useRef<{ readonly before: Box; readonly group: number }>(undefined);
  const revealWhenLaidOut = useRef(false);
  const openWhenLaidOut = useRef(false);
  /** The last selection was made in the graph, where it is in view already. */
  const chosenHere = useRef(false);

  const selectionOf = (card: number): Selection => {
    const shown = sceneRef.current;
    if (shown === undefined || card < 0) return { kind: 'none' };
    const reference = shown.reference[card] ?? 0;
    switch (shown.kind[card]) {
      case cardKind.layer:
        return { kind: 'layer', layer: reference };
      case cardKind.group:
      case cardKind.frame:
        return { kind: 'group', group: reference };
      case undefined:
      default:
        return { kind: 'none' };
    }
  };

  const toggleCard = (drawing: GraphView, card: number): void => {
    const chosen = selectionOf(card);
    const before = drawing.boxOf(card);
    if (chosen.kind !== 'group' || before === undefined) return;
    anchor.current = { before, group: chosen.group };
    latest.current.onToggle(chosen.group);
  };

  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const drawing: GraphView = new GraphView(element, {
      select: (card) => {
        element.focus({ preventScroll: true });
        chosenHere.current = true;
        latest.current.onSelect(selectionOf(card));
      },
      toggle: (card) => toggleCard(drawing, card),
      cameraMoved: (camera) => latest.current.onCamera(camera),
      rendererChosen: (name) => setFallback(name === 'canvas'),
    });
    const { camera } = latest.current;
    if (camera !== null) drawing.setCamera(camera);
    const client = new LayoutClient(workerUri, (laidOut) => {
      sceneRef.current = laidOut;
      setScene(laidOut);
    });
    clientRef.current = client;
    setView(drawing);
    latest.current.onReady(drawing);
    return () => {
      client.dispose();
      drawing.dispose();
      element.replaceChildren();
    };
  }, []);

  const { structure, snapshot } = model;
  useEffect(() => {
    clientRef.current?.setModel({
      layerCount: structure.layerCount,
      layerGroup: snapshot.layers.group,
      groupParent: structure.groupParent,
      edges: snapshot.edges,
      inputs: snapshot.summary.inputs.length,
      outputs: snapshot.summary.outputs.length,
    });
  }, [structure]);
  useEffect(() => {
    const flags = new Uint8Array(structure.groupCount);
    for (const group of expanded) if (group < flags.length) flags[group] = 1;
    clientRef.current?.layout(flags);
  }, [structure, expanded]);

  // Before the paint: the picture changes in the same frame as the controls around it.
  useLayoutEffect(() => {
    if (view === undefined || scene === undefined) return;
    const held = anchor.current;
    anchor.current = undefined;
    view.setScene(scene, held === undefined ? undefined : { before: held.before, after: scene.cardOfGroup[held.group] ?? -1 });
    if (openWhenLaidOut.current) view.openWhole();
    openWhenLaidOut.current = false;
  }, [view, scene]);
  const modelText = (kind: number, reference: number): CardText => cardText(snapshot, structure, heat, kind, reference);
  const cardHeat = useMemo(() => (scene === undefined ? undefined : heatOfCards(scene, heat)), [scene, heat]);
  useLayoutEffect(() => {
    if (view === undefined || scene === undefined || cardHeat === undefined) return;
    if (cardHeat.length !== scene.count * 2) return;
    view.setContent(cardHeat, (card) => (textOf ?? modelText)(scene.kind[card] ?? 0, scene.reference[card] ?? 0));
  }, [view, cardHeat, textOf]);

  const selectedCard = scene === undefined || selection.kind === 'none' ? -1 : cardOf(scene, model, selection);
  const dimmed = useMemo(() => (scene === undefined || matches === undefined ? undefined : dimCards(scene, model, matches)), [scene, matches]);
  useLayoutEffect(() => {
    view?.setEmphasis(selectedCard, dimmed);
    if (revealWhenLaidOut.current && selectedCard >= 0) {
      revealWhenLaidOut.current = false;
      view?.revealCard(selectedCard);
    }
  }, [view, scene, selectedCard, dimmed]);
  useLayoutEffect(() => {
    if (revealed === 0) return;
    // The groups around the selection may still be closed in this scene: then the next one brings it.
    const settled = scene !== undefined && selection.kind === 'layer' && scene.kind[selectedCard] === cardKind.layer;
    if (settled || selection.kind === 'group') view?.revealCard(selectedCard);
    else revealWhenLaidOut.current = true;
  }, [revealed]);

  useLayoutEffect(() => {
    if (!chosenHere.current && selectedCard >= 0) view?.revealCard(selectedCard);
    chosenHere.current = false;
  }, [selection]);

  const openAnew = (groups: 'all' | 'none'): void => {
    openWhenLaidOut.current = true;
    props.onExpand(groups);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (view === undefined) return;
    const direction = arrows[event.key];
    if (direction !== undefined && (event.ctrlKey || event.metaKey || event.altKey)) return;
    if (direction !== undefined && event.shiftKey) {
      view.pan(direction === 'left' ? -panStep : direction === 'right' ? panStep : 0, direction === 'up' ? -panStep : direction === 'down' ? panStep : 0);
    } else if (direction !== undefined) {
      const card = view.step(direction);
      latest.current.onSelect(selectionOf(card));
      view.revealCard(card);
    } else if ((event.key === 'Enter' || event.key === ' ') && selection.kind === 'group') {
      toggleCard(view, selectedCard);
    } else if (event.key === 'Enter' && selection.kind === 'layer') {
      latest.current.onOpenTable();
    } else if (event.key === 'Escape') {
      latest.current.onSelect({ kind: 'none' });
    } else if (event.key === '+' || event.key === '=') {
      view.zoom(zoomStep);
    } else if (event.key === '-') {
      view.zoom(1 / zoomStep);
    } else if (event.key === '0') {
      view.fitWhole();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="graph-pane">
      <div
        ref={container} class="graph" tabIndex={0} role="application" onKeyDown={onKeyDown}
        aria-label={label} aria-describedby={`${id}-help`}
      />
      <p id={`${id}-help`} class="hidden">
        Arrow keys move along the edges, Enter opens and closes a group, plus, minus and zero zoom, slash searches. {help}
      </p>
      {scene === undefined ? <div class="graph-note" role="status">Laying out {structure.layerCount.toLocaleString('en-US')} layers…</div> : null}
      {fallback ? <div class="graph-note lasting" role="note">WebGL2 is not available here: drawn on a 2D canvas, slower on large graphs.</div> : null}
      <div class="graph-tools" role="group" aria-label="Graph tools">
        <Button kind="icon" label="Zoom out" title="Zoom out (−)" onClick={() => view?.zoom(1 / zoomStep)}>−</Button>
        <Button kind="icon" label="Zoom in" title="Zoom in (+)" onClick={() => view?.zoom(zoomStep)}>+</Button>
        <Button kind="icon" title="Show the whole graph (0)" onClick={() => view?.fitWhole()}>Fit</Button>
        {structure.groupCount < 2 ? null : (
          <>
            <Button kind="icon" title="Open every group" onClick={() => openAnew('all')}>Expand all</Button>
            <Button kind="icon" title="Close every group" onClick={() => openAnew('none')}>Collapse all</Button>
          </>
        )}
      </div>
    </div>
  );
}

/** The card that shows the selection: its own, or the collapsed group that holds it. */
function cardOf(scene: Scene, { structure }: Shown, selection: Exclude<Selection, { kind: 'none' }>): number {
  if (selection.kind === 'layer') return scene.cardOfLayer[selection.layer] ?? -1;
  for (let group = selection.group; group > 0; group = structure.groupParent[group] ?? 0) {
    const card = scene.cardOfGroup[group] ?? -1;
    if (card >= 0) return card;
  }
  return -1;
}

/** Dims what does not match: layers by themselves, groups when nothing inside matches. Frames and ports stay. */
function dimCards(scene: Scene, { snapshot, structure }: Shown, matches: Uint8Array): Uint8Array {
  const inGroup = new Uint8Array(structure.groupCount);
  matches.forEach((match, layer) => {
    if (match === 1) inGroup[snapshot.layers.group[layer] ?? 0] = 1;
  });
  for (let group = structure.groupCount - 1; group > 0; group -= 1) if (inGroup[group] === 1) inGroup[structure.groupParent[group] ?? 0] = 1;
  return scene.kind.map((kind, card) => {
    const reference = scene.reference[card] ?? 0;
    if (kind === cardKind.layer) return matches[reference] === 1 ? 0 : 1;
    return kind === cardKind.group && inGroup[reference] === 0 ? 1 : 0;
  });
}
