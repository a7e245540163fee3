// The page's end of the wire to the extension: typed messages, and view state that survives a hidden tab.

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** What a page says to the extension, hears from it, and keeps while it is hidden. */
export interface Host<To, From, State> {
  send(message: From): void;
  /** Calls `receive` for every message from the extension. */
  listen(receive: (message: To) => void): void;
  load(): Partial<State>;
  save(state: State): void;
}

/** Connects to the editor. May be called once per page: VS Code hands out its API once. */
export function connect<To extends { readonly type: string }, From extends { readonly type: string }, State extends object>(): Host<To, From, State> {
  const api = acquireVsCodeApi();
  return {
    send: (message) => api.postMessage(message),
    listen(receive) {
      globalThis.addEventListener('message', (event: MessageEvent<unknown>) => {
        const { data } = event;
        if (typeof data === 'object' && data !== null && 'type' in data && typeof data.type === 'string') receive(data as To);
      });
    },
    load() {
      const state = api.getState();
      return typeof state === 'object' && state !== null ? (state) : {};
    },
    save: (state) => api.setState(state),
  };
}
