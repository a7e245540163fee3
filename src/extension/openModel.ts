// One model file as the editor holds it: read once by the engine, shown in many places, reloaded when it changes on disk.
import * as vscode from 'vscode';
import { LatheError, toLatheError } from '../base/errors';
import type { Bindings, DocumentId, LineCost, TextDocument } from '../protocol/engine';
import type { Finding } from '../protocol/findings';
import type { Profile } from '../protocol/measurement';
import type { LayerDetail, ModelSnapshot } from '../protocol/view';
import type { EngineClient, RequestOptions } from './engineClient';
import { readModelSettings } from './settings';

/** What happens to an open model; views redraw themselves from these. */
export type ModelEvent =
  | { readonly type: 'snapshot'; readonly snapshot: ModelSnapshot }
  | { readonly type: 'findings'; readonly findings: readonly Finding[]; readonly deep: boolean }
  | { readonly type: 'profile'; readonly profile: Profile }
  | { readonly type: 'selected'; readonly layer: string; readonly from: unknown }
  | { readonly type: 'text' } // the text is another now
  | { readonly type: 'gone' }
  | { readonly type: 'failed'; readonly error: LatheError };

export class OpenModel {
  private readonly events = new vscode.EventEmitter<ModelEvent>();
  readonly onDidChange = this.events.event;
  private readonly opening = new vscode.EventEmitter<readonly string[]>();
  /** The engine read the model: other files that its weights lie in. */
  readonly onDidOpen = this.opening.event;
  bindings: Bindings = {};
  /** The last state shown; stays when the engine dies. */
  snapshot: ModelSnapshot | undefined;
  findings: readonly Finding[] = [];
  /** Whether the findings come from the weights too. */
  deep = false;
  selected: string | undefined;
  failure: LatheError | undefined;
  gone = false;
  private opened: { readonly generation: number; readonly document: Promise<DocumentId> } | undefined;
  private loading: Promise<ModelSnapshot> | undefined;
  private textLoading: Promise<TextDocument> | undefined;
  private costs: Promise<readonly LineCost[]> | undefined;
  /** The person's answer, once asked, on links of the Hugging Face cache: for this model, until it is closed. */
  private cacheLinks: Promise<boolean> | undefined;
  /** Grows with every reload, so that an answer to an older question is dropped. */
  private version = 0;
  private disposed = false;

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: () => Promise<EngineClient>,
    private readonly askCacheLinks: (path: string) => Promise<boolean>,
  ) {}

  get path(): string {
    return this.uri.fsPath;
  }

  /** The snapshot at the present bindings; loads it where needed and tells every view. @throws LatheError. */
  async load(): Promise<ModelSnapshot> {
    this.loading ??= this.fetchSnapshot(this.version);
    return await this.loading;
  }

  /** Like {@link load}, for those who learn of a failure by the event. */
  loadInBackground(): void {
    this.load().catch(() => undefined);
  }

  /** The model as text. @throws LatheError. */
  async text(): Promise<TextDocument> {
    this.textLoading ??= this.withDocument(async (engine, document) => await engine.request('model/text', { document, keep: vscode.workspace.isTrusted }));
    const loading = this.textLoading;
    loading.catch(() => {
      if (this.textLoading === loading) this.textLoading = undefined;
    });
    return await loading;
  }

  /** Where nodes, layers and weights stand in a TensorFlow.js model's JSON. @throws LatheError. */
  async jsonPlaces(names: readonly string[]): Promise<{ readonly name: string; readonly range: vscode.Range }[]> {
    if (names.length === 0) return [];
    const places = await this.withDocument(async (engine, document) => await engine.request('model/jsonPlaces', { document, names }));
    return places.map(({ name, range }) => ({ name, range: new vscode.Range(range.line, range.character, range.endLine, range.endCharacter) }));
  }

  /** Costs of the text's lines. @throws LatheError. */
  async lineCosts(): Promise<readonly LineCost[]> {
    this.costs ??= this.withDocument(async (engine, document) => await engine.request('model/lineCosts', { document, bindings: this.bindings }));
    const loading = this.costs;
    loading.catch(() => {
      if (this.costs === loading) this.costs = undefined;
    });
    return await loading;
  }

  /** @throws LatheError. */
  async detail(layer: string): Promise<LayerDetail> {
    return await this.withDocument(async (engine, document) => await engine.request('model/detail', { document, layer, bindings: this.bindings }));
  }

  /** Runs the model and tells every view the measured milliseconds. @throws LatheError; `source-touched` where what was measured is not what is shown by now. */
  async profile(options: RequestOptions): Promise<Profile> {
    const { version, bindings } = this;
    const { profile, measured } = await this.withDocument(async (engine, document) => ({ profile: await engine.request('model/profile', { document, bindings }, options), measured: document }));
    if (this.disposed) return profile;
    if (version !== this.version) {
      if (bindings !== this.bindings || measured !== (await this.opened?.document)) throw new LatheError('source-touched', 'The model or its dimensions changed while it was profiled: the times are not of what is shown now.', { file: this.path, hint: 'Profile it again.' });
      this.refresh(); // the engine keeps the profile with the document: read again, it is there
      return profile;
    }
    if (this.snapshot !== undefined) this.snapshot = { ...this.snapshot, profile };
    this.costs = undefined;
    this.fire({ type: 'profile', profile });
    await this.refreshFindings(version);
    return profile;
  }

  /** Lets `work` use the model in the engine, opening it there where needed. @throws LatheError. */
  async withDocument<T>(work: (engine: EngineClient, document: DocumentId) => Promise<T>): Promise<T> {
    const engine = await this.engine();
    if (this.opened === undefined || this.opened.generation !== engine.generation || engine.processId === undefined) {
      const document = this.open(engine);
      const opened = { generation: engine.generation, document };
      this.opened = opened;
      document.catch(() => {
        if (this.opened === opened) this.opened = undefined;
      });
    }
    const document = await this.opened.document;
    this.recovered();
    return await work(engine, document);
  }

  /** Whether the person allowed to follow links of the Hugging Face cache; opens the model, and so asks, where that is not known yet. @throws LatheError. */
  async followsCacheLinks(): Promise<boolean> {
    return await this.withDocument(async () => (await this.cacheLinks) ?? false);
  }

  private async open(engine: EngineClient): Promise<DocumentId> {
    const request = async (followCacheLinks: boolean): Promise<DocumentId> => {
      const { document, files } = await engine.request('model/open', { path: this.path, bindings: this.bindings, settings: readModelSettings(this.uri), ...(followCacheLinks ? { followCacheLinks } : {}) });
      if (!this.disposed) this.opening.fire(files);
      return document;
    };
    try {
      return await request((await this.cacheLinks) ?? false);
    } catch (thrown) {
      if (!(thrown instanceof LatheError) || thrown.code !== 'cache-link') throw thrown;
      this.cacheLinks ??= this.askCacheLinks(this.path);
      if (!(await this.cacheLinks)) throw thrown;
      return await request(true);
    }
  }

  /** A new engine knows the model: the banner of the old one's death goes. */
  private recovered(): void {
    if (this.failure?.code !== 'engine-died') return;
    this.failure = undefined;
    if (this.snapshot !== undefined) this.fire({ type: 'snapshot', snapshot: this.snapshot });
  }

  setBindings(bindings: Bindings): void {
    this.bindings = bindings;
    this.refresh();
  }

  /** More is known of the same model: a report says something of its layers. */
  refresh(): void {
    this.invalidate(false);
    this.loadInBackground();
  }

  select(layer: string, from: unknown): void {
    if (this.selected === layer) return;
    this.selected = layer;
    this.fire({ type: 'selected', layer, from });
  }

  /** The file changed on disk, or the engine started anew: everything is read again. */
  reload(): void {
    this.gone = false;
    this.closeInEngine();
    this.invalidate(true);
    this.loadInBackground();
    this.fire({ type: 'text' });
  }

  fileGone(): void {
    this.gone = true;
    this.fire({ type: 'gone' });
  }

  fileIsBack(): void {
    if (this.gone) this.reload();
  }

  engineDied(error: LatheError): void {
    this.loading = undefined;
    this.failure = error;
    this.fire({ type: 'failed', error });
  }

  dispose(): void {
    this.disposed = true;
    this.version++;
    this.closeInEngine();
    this.events.dispose();
    this.opening.dispose();
  }

  private async fetchSnapshot(version: number): Promise<ModelSnapshot> {
    try {
      const snapshot = await this.withDocument(async (engine, document) => await engine.request('model/snapshot', { document, bindings: this.bindings }));
      if (version === this.version) this.show(snapshot, version);
      return snapshot;
    } catch (thrown) {
      const error = toLatheError(thrown, this.path);
      if (version === this.version) {
        this.loading = undefined;
        this.failure = error;
        this.fire({ type: 'failed', error });
      }
      throw error;
    }
  }

  private show(snapshot: ModelSnapshot, version: number): void {
    this.failure = undefined;
    this.snapshot = snapshot;
    this.findings = snapshot.findings;
    this.deep = false;
    this.fire({ type: 'snapshot', snapshot });
    this.fire({ type: 'findings', findings: this.findings, deep: false });
    this.refreshFindings(version).catch(() => undefined); // the shallow findings stay
  }

  /** Findings that need the weights, in the background. */
  private async refreshFindings(version: number): Promise<void> {
    const findings = await this.withDocument(async (engine, document) => await engine.request('model/findings', { document, bindings: this.bindings, deep: true }));
    if (version !== this.version) return;
    this.findings = findings;
    this.deep = true;
    if (this.snapshot !== undefined) this.snapshot = { ...this.snapshot, findings };
    this.fire({ type: 'findings', findings, deep: true });
  }

  private invalidate(text: boolean): void {
    this.version++;
    this.loading = undefined;
    this.costs = undefined;
    if (text) this.textLoading = undefined;
  }

  private closeInEngine(): void {
    const opened = this.opened;
    this.opened = undefined;
    if (opened === undefined) return;
    void Promise.all([this.engine(), opened.document])
      .then(async ([engine, document]) => {
        if (engine.generation === opened.generation && engine.processId !== undefined) await engine.request('model/close', { document });
      })
      .catch(() => undefined);
  }

  private fire(event: ModelEvent): void {
    if (!this.disposed) this.events.fire(event);
  }
}

/** Only files can be read in pieces. @throws LatheError `unsupported`. */
export function assertOnDisk(uri: vscode.Uri): void {
  if (uri.scheme === 'file') return;
  throw new LatheError('unsupported', `Models are read from disk; "${uri.scheme}" is another place.`, { item: uri.toString(), hint: 'Save a copy to a local or remote folder and open that.' });
}
