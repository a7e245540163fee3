// Asks the layout worker for scenes; where no worker can run, lays out in place with the plain layout.
import type { Disposable } from '../../../src/base/disposable';
import { composeScene, LayoutMemory } from './compose';
import { plainLayout } from './plainLayout';
import type { LayoutModel, Scene } from './scene';

export type ToLayoutWorker =
  | { readonly type: 'model'; readonly model: LayoutModel }
  | { readonly type: 'layout'; readonly request: number; readonly expanded: Uint8Array };

export type FromLayoutWorker =
  | { readonly type: 'scene'; readonly request: number; readonly scene: Scene }
  | { readonly type: 'failed'; readonly request: number; readonly message: string };

/** Gives a scene for each layout asked for, the newest only: a scene that was overtaken is dropped. */
export class LayoutClient implements Disposable {
  private readonly memory = new LayoutMemory();
  private worker: Worker | undefined;
  private readonly starting: Promise<void>;
  private model: LayoutModel | undefined;
  private sentModel: LayoutModel | undefined;
  private newest = 0;
  private expanded: Uint8Array = new Uint8Array();

  constructor(workerUri: string | undefined, private readonly receive: (scene: Scene) => void) {
    this.starting = this.start(workerUri);
  }

  setModel(model: LayoutModel): void {
    this.model = model;
  }

  layout(expanded: Uint8Array): void {
    this.newest += 1;
    this.expanded = expanded;
    const request = this.newest;
    void this.starting.then(() => {
      if (request === this.newest) this.ask(request);
    });
  }

  dispose(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.newest += 1;
  }

  /** A worker must come from a blob: webview resources have another origin than the page. */
  private async start(workerUri: string | undefined): Promise<void> {
    if (workerUri === undefined) return;
    try {
      const response = await fetch(workerUri);
      if (!response.ok) return;
      const uri = URL.createObjectURL(new Blob([await response.text()], { type: 'text/javascript' }));
      const worker = new Worker(uri);
      URL.revokeObjectURL(uri);
      worker.addEventListener('message', (event: MessageEvent<FromLayoutWorker>) => this.answered(event.data));
      worker.addEventListener('error', () => this.giveUp());
      this.worker = worker;
    } catch {
      this.worker = undefined;
    }
  }

  private ask(request: number): void {
    if (this.model === undefined) return;
    if (this.worker === undefined) {
      this.receive(composeScene(this.model, this.expanded, plainLayout, this.memory));
      return;
    }
    if (this.sentModel !== this.model) {
      this.post({ type: 'model', model: this.model });
      this.sentModel = this.model;
    }
    this.post({ type: 'layout', request, expanded: this.expanded });
  }

  private post(message: ToLayoutWorker): void {
    this.worker?.postMessage(message);
  }

  private answered(message: FromLayoutWorker): void {
    if (message.request !== this.newest) return;
    switch (message.type) {
      case 'scene':
        this.receive(message.scene);
        break;
      case 'failed':
        this.giveUp();
        break;
      default:
        message satisfies never;
    }
  }

  /** The worker failed: the plain layout in place has no dependency that could. */
  private giveUp(): void {
    this.worker?.terminate();
    this.worker = undefined;
    if (this.newest > 0) this.ask(this.newest);
  }
}
