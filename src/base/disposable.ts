// Everything with a life (a process, a document, a view, a file handle) is disposed the same way.

export interface Disposable {
  dispose(): void;
}

/** Wraps a function as a {@link Disposable} that runs it at most once. */
export function onDispose(run: () => void): Disposable {
  let done = false;
  return {
    dispose() {
      if (done) return;
      done = true;
      run();
    },
  };
}

/** Owns several disposables and lets them go together, last first. */
export class DisposableStore implements Disposable {
  private readonly items: Disposable[] = [];

  add<T extends Disposable>(item: T): T {
    this.items.push(item);
    return item;
  }

  dispose(): void {
    for (let item = this.items.pop(); item !== undefined; item = this.items.pop()) item.dispose();
  }
}
