// The models open in the engine: each read once however many views show it, with its analysis and profile at each set of bindings.
import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LatheError, toLatheError } from '../base/errors';
import type { ModelAnalysis } from '../analysis/analyze';
import type { Model } from '../graph/model';
import type { Bindings, DocumentId, ModelSettings } from '../protocol/engine';
import type { Profile } from '../protocol/measurement';

/** One version of a file, as open in the engine. */
export interface EngineDocument {
  readonly id: DocumentId;
  readonly path: string;
  /** Identity of the file, and of those its weights lie in, when it was read: a changed one makes another document. */
  readonly version: string;
  /** The person allowed to follow the links of the Hugging Face cache. */
  readonly followCacheLinks: boolean;
  readonly settings: ModelSettings;
  readonly model: Model;
  /** Analyses by bindings; a handful, as a person changes bindings by hand. */
  readonly analyses: Map<string, ModelAnalysis>;
  readonly profiles: Map<string, Profile>;
}

interface Entry {
  readonly document: EngineDocument;
  references: number;
}

export const defaultSettings: ModelSettings = { threads: 1, provider: 'cpu', oversizedShare: 0.5, oversizedMinimum: 0.05 };

export class Documents {
  private readonly entries = new Map<DocumentId, Entry>();
  private nextId = 1;

  /**
   * Opens a model file, or takes another reference to it where the same version of it is open with the same settings.
   * @throws LatheError whatever reading the model throws.
   */
  async open(file: string, followCacheLinks = false, settings = defaultSettings): Promise<EngineDocument> {
    const resolved = path.resolve(file);
    const [{ modelFile, openModel }, { weightFiles }] = await Promise.all([import('../formats/open'), import('../formats/weightFiles')]);
    const version = (model: Model): string => [resolved, ...weightFiles(model)].map(fileVersion).join(' ');
    fileVersion(resolved, 0);
    for (const entry of this.entries.values()) {
      const { document } = entry;
      if (document.path !== resolved || document.followCacheLinks !== followCacheLinks || !isDeepStrictEqual(document.settings, settings)) continue;
      if (document.version !== version(document.model)) continue;
      entry.references++;
      return document;
    }
    const model = openModel(resolved, modelFile(resolved, followCacheLinks));
    const document: EngineDocument = { id: this.nextId++, path: resolved, version: version(model), followCacheLinks, settings, model, analyses: new Map(), profiles: new Map() };
    this.entries.set(document.id, { document, references: 1 });
    return document;
  }

  /** @throws LatheError `not-found` when no document has this id. */
  get(id: DocumentId): EngineDocument {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new LatheError('not-found', 'The model is not open any more.', { item: `document ${id}` });
    return entry.document;
  }

  /** Lets one reference go; the last closes the model's files. */
  close(id: DocumentId): void {
    const entry = this.entries.get(id);
    if (entry === undefined || --entry.references > 0) return;
    this.entries.delete(id);
    entry.document.model.dispose();
  }

  get size(): number {
    return this.entries.size;
  }
}

/** @throws LatheError where the model's own file is not there; a file of weights that is not there is a version of its own */
function fileVersion(file: string, place: number): string {
  try {
    const { size, mtimeMs, ino } = fs.statSync(file);
    return `${size}:${mtimeMs}:${ino}`;
  } catch (thrown) {
    if (place > 0) return 'missing';
    throw toLatheError(thrown, file);
  }
}

/** The same text for equal bindings, in whatever order they were given. */
export function bindingsKey(bindings: Bindings): string {
  return JSON.stringify(Object.entries(bindings).sort(([a], [b]) => (a < b ? -1 : 1)));
}
