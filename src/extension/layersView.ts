// The tree of layers in the activity bar: groups, layers, findings; its selection is the model view's.
import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../base/format';
import type { GroupSummary, ModelSnapshot } from '../protocol/view';
import type { Host } from './host';
import { layerTree, type LayerTree, type TreeItemId } from './layerGroups';
import type { OpenModel } from './openModel';
import { t } from './translate';

const groupIcons = { model: 'symbol-namespace', scope: 'symbol-namespace', block: 'symbol-namespace', subgraph: 'type-hierarchy-sub', function: 'symbol-function' } as const satisfies Record<GroupSummary['kind'], string>;

/** A row, as VS Code knows it by identity. */
type Row = TreeItemId;

class LayersProvider implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changes.event;
  private model: OpenModel | undefined;
  private snapshot: ModelSnapshot | undefined;
  private tree: LayerTree | undefined;
  private parents = new Map<Row, Row | undefined>();
  private rowOfLayer = new Map<string, Row>();
  private findings = new Map<string, number>();

  show(model: OpenModel | undefined): void {
    this.model = model;
    this.refresh();
    if (model !== undefined && model.snapshot === undefined) model.loadInBackground();
  }

  refresh(): void {
    const snapshot = this.model?.snapshot;
    this.countFindings();
    if (snapshot?.layers !== this.snapshot?.layers) {
      this.tree = snapshot === undefined ? undefined : layerTree(snapshot);
      this.parents = new Map();
      this.rowOfLayer = new Map();
      this.indexRows(snapshot, 0, undefined);
    }
    this.snapshot = snapshot;
    this.changes.fire(undefined);
  }

  row(layer: string): Row | undefined {
    return this.rowOfLayer.get(layer);
  }

  keyOf(row: Row): string | undefined {
    return row.kind === 'layer' ? this.snapshot?.layers.keys[row.layer] : this.snapshot?.groups[row.group]?.call;
  }

  getParent(row: Row): Row | undefined {
    return this.parents.get(row);
  }

  getChildren(row?: Row): Row[] {
    if (row?.kind === 'layer') return [];
    return [...(this.tree?.children[row?.group ?? 0] ?? [])];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { snapshot } = this;
    if (snapshot === undefined) return new vscode.TreeItem('');
    return row.kind === 'group' ? this.groupItem(snapshot, row.group) : this.layerItem(snapshot, row.layer);
  }

  dispose(): void {
    this.changes.dispose();
  }

  private groupItem(snapshot: ModelSnapshot, group: number): vscode.TreeItem {
    const summary = snapshot.groups[group];
    const item = new vscode.TreeItem(summary?.name ?? '', vscode.TreeItemCollapsibleState.Collapsed);
    const parameters = this.tree?.parameters[group] ?? 0;
    const count = summary?.layers ?? 0;
    const layers = count === 1 ? t('1 layer') : t('{0} layers', count);
    item.id = `group:${group}`;
    item.description = parameters > 0 ? `${layers} · ${formatCount(parameters)}` : layers;
    item.iconPath = new vscode.ThemeIcon(summary === undefined ? 'symbol-namespace' : groupIcons[summary.kind]);
    item.contextValue = 'group';
    return item;
  }

  private layerItem(snapshot: ModelSnapshot, layer: number): vscode.TreeItem {
    const { layers } = snapshot;
    const key = layers.keys[layer] ?? '';
    const op = layers.opNames[layers.op[layer] ?? 0] ?? '';
    const parameters = layers.parameters[layer] ?? 0;
    const findings = this.findings.get(key) ?? 0;
    const item = new vscode.TreeItem(op, vscode.TreeItemCollapsibleState.None);
    item.id = `layer:${layer}`;
    item.description = parameters > 0 ? `${key} · ${formatCount(parameters)}` : key;
    item.tooltip = [
      key,
      layers.shape[layer] ?? '',
      parameters > 0 ? t('{0} parameters, {1}', formatCount(parameters), formatBytes(layers.weightBytes[layer] ?? 0)) : '',
      findings === 0 ? '' : findings === 1 ? t('1 finding') : t('{0} findings', findings),
    ]
      .filter((line) => line !== '')
      .join('\n');
    item.iconPath = findings > 0 ? new vscode.ThemeIcon('lightbulb') : new vscode.ThemeIcon(parameters > 0 ? 'symbol-array' : 'symbol-operator');
    item.contextValue = 'layer';
    return item;
  }

  private indexRows(snapshot: ModelSnapshot | undefined, group: number, parent: Row | undefined): void {
    // An explicit stack: a chain of nested scopes may be deep.
    const pending: [number, Row | undefined][] = [[group, parent]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop())
      for (const row of this.tree?.children[next[0]] ?? []) {
        this.parents.set(row, next[1]);
        const key = row.kind === 'layer' ? snapshot?.layers.keys[row.layer] : snapshot?.groups[row.group]?.call;
        if (key !== undefined) this.rowOfLayer.set(key, row);
        if (row.kind === 'group') pending.push([row.group, row]);
      }
  }

  private countFindings(): void {
    this.findings = new Map();
    for (const { layer } of this.model?.findings ?? []) if (layer !== undefined) this.findings.set(layer, (this.findings.get(layer) ?? 0) + 1);
  }
}

export function registerLayersView(host: Host): vscode.Disposable {
  const provider = new LayersProvider();
  const view = vscode.window.createTreeView<Row>('modelLathe.layers', { treeDataProvider: provider, showCollapseAll: true });
  const follow = (model: OpenModel | undefined): void => {
    view.description = model === undefined ? '' : model.uri.path.slice(model.uri.path.lastIndexOf('/') + 1);
    view.message = '';
    provider.show(model);
  };
  follow(host.active.model);
  return vscode.Disposable.from(
    provider,
    view,
    host.active.onDidChange(follow),
    host.models.onDidChange(({ model, event }) => {
      if (model !== host.active.model) return;
      if (event.type === 'snapshot' || event.type === 'findings') {
        view.message = '';
        provider.refresh();
      } else if (event.type === 'failed') view.message = event.error.message;
      else if (event.type === 'gone') view.message = t('The file is gone.');
      else if (event.type === 'selected' && event.from !== view && view.visible) {
        const row = provider.row(event.layer);
        if (row !== undefined) void view.reveal(row, { select: true, focus: false });
      }
    }),
    view.onDidChangeSelection(({ selection }) => {
      const [row] = selection;
      const key = row === undefined ? undefined : provider.keyOf(row);
      if (key !== undefined) host.active.model?.select(key, view);
    }),
  );
}
