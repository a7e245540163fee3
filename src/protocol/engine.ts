// Requests between the extension host and the engine process, over JSON-RPC on Node's IPC (structured clone, so typed arrays travel).
import type { ErrorJson } from '../base/errors';
import type { ModelSummary, ValueSummary } from './analysis';
import type { GraphComparison, PairMeasurement } from './comparison';
import type { DataSpec, DataSummary } from './data';
import type { Finding } from './findings';
import type { PageModelSources } from './pageBenchmark';
import type { Benchmark, Comparison, PictureOptions, Profile, Provider } from './measurement';
import type { Goal, OptimizationReport } from './report';
import type { MetricSpec, MostLoss } from './taskMetrics';
import type { LayerDetail, ModelSnapshot, WeightDetail } from './view';

export type DocumentId = number;
export type Bindings = Readonly<Record<string, number>>;

/** Settings of this machine, for every model; sent whenever the person changes them. */
export interface EngineSettings {
  /** A Node executable for the runner, where the editor's own will not do. */
  readonly nodePath?: string;
}

/** Settings that may differ by folder, as the model's folder has them. */
export interface ModelSettings {
  readonly threads: number;
  readonly provider: Provider;
  /** Share of the metric that the oversized layers hold together. */
  readonly oversizedShare: number;
  /** Share that each oversized layer holds at least. */
  readonly oversizedMinimum: number;
}

/** A model as ONNX text with what the editor needs to know of its lines (0-based). */
export interface TextDocument {
  readonly text: string;
  /** Line of each node: layer key and line; sorted by line. */
  readonly nodes: readonly { readonly key: string; readonly line: number; readonly length: number }[];
  /** Line of each initializer or input declaration, by value name. */
  readonly values: readonly { readonly name: string; readonly line: number }[];
  /** Graphs, functions and scopes for outline and folding, parents first. */
  readonly symbols: readonly TextSymbol[];
}

export interface TextSymbol {
  readonly name: string;
  readonly detail: string;
  readonly kind: 'model' | 'graph' | 'function' | 'scope';
  readonly firstLine: number;
  readonly lastLine: number;
  /** Index of the enclosing symbol, −1 at the top. */
  readonly parent: number;
}

/** Lines and UTF-16 columns from 0, the end exclusive, as editors count. */
export interface TextRange {
  readonly line: number;
  readonly character: number;
  readonly endLine: number;
  readonly endCharacter: number;
}

/** What is wrong with a text, and where. */
export interface TextProblem {
  readonly message: string;
  readonly range: TextRange;
  /** An error where not said. A hint is of what is there for nothing. */
  readonly severity?: 'warning' | 'hint';
}

/** A change that mends a problem, or that can be made at a place. */
export interface TextFix {
  /** Index of the problem in the reading. */
  readonly problem: number;
  readonly kind: 'change' | 'add' | 'import' | 'rename' | 'remove' | 'sort';
  /** What is written. */
  readonly to: string;
  readonly edits: readonly TextEdit[];
}

/** What was read in a text: as far as it could be read. */
export interface TextReading extends Omit<TextDocument, 'text'> {
  readonly problems: readonly TextProblem[];
}

/** Which text a question is about, as the editor names it. A version that the engine does not know is `not-found`: it is then read first. */
export interface TextVersion {
  readonly uri: string;
  readonly version: number;
}

/** A value or function that a word names, with every place that names it too. */
export interface TextWord {
  readonly name: string;
  readonly kind: 'value' | 'function';
  /** The word asked for. */
  readonly range: TextRange;
  readonly definition?: TextRange;
  /** In the order of the text, the definition among them. */
  readonly places: readonly { readonly range: TextRange; readonly writes: boolean }[];
}

/** A piece of a text and what takes its place. */
export interface TextEdit {
  readonly range: TextRange;
  readonly text: string;
}

/** What can stand at a place. */
export interface TextCompletion {
  readonly kind: 'operator' | 'function' | 'value' | 'attribute' | 'constant' | 'type' | 'dimension' | 'domain';
  readonly label: string;
  /** The label as the text has it, quoted where it must be; of an attribute with its equals sign. */
  readonly insert: string;
  /** How an operator is called, of what type an attribute is. */
  readonly detail?: string;
  /** What an operator does, its attributes and types: Markdown that names nothing of the model. */
  readonly documentation?: string;
  /** What may come next is known too: the editor asks again. */
  readonly more?: boolean;
}

/** An operator's documentation, at its name or while its inputs are typed. */
export interface TextOperator {
  /** `Y = Conv (X, W, B?)`. */
  readonly label: string;
  readonly documentation: string;
  /** Where each input stands in the label, the end exclusive. */
  readonly inputs: readonly (readonly [number, number])[];
  /** The name, where it was asked for at its name. */
  readonly range?: TextRange;
  /** The input at the place, where it was asked for among these. */
  readonly active?: number;
}

export interface TextCompletions {
  /** What was typed, to be replaced. */
  readonly range: TextRange;
  /** There are no others that fit. */
  readonly complete: boolean;
  readonly items: readonly TextCompletion[];
}

/** What is known of a value. */
export interface TextValue {
  readonly range: TextRange;
  readonly summary: ValueSummary;
  /** Operator and name of the node that makes it. */
  readonly producer?: { readonly op: string; readonly name: string };
  /** How many nodes and graph outputs read it. */
  readonly uses: number;
  readonly weight?: WeightDetail;
}

/** The type of a value, to be shown behind its name. */
export interface TextHint {
  readonly line: number;
  readonly character: number;
  readonly label: string;
}

/** Kinds of words that an editor colours; the numbers in `text/tokens` count in this order. */
export const textTokenTypes = ['variable', 'parameter', 'function', 'label', 'property', 'type', 'keyword', 'namespace', 'typeParameter'] as const;
/** Bits of a word's modifiers in this order. */
export const textTokenModifiers = ['declaration', 'readonly'] as const;

/** What a line's CodeLens and hover say. */
export interface LineCost {
  readonly key: string;
  readonly parameters: number;
  readonly macs: number | null;
  readonly weightBytes: number;
  readonly milliseconds?: number;
}

export interface OptimizeRequest {
  readonly document: DocumentId;
  readonly goal: Goal;
  readonly target: string;
  /** Folder or file of calibration and evaluation data, or their description. */
  readonly data?: string | DataSpec;
  /** Judges variants by their task on labelled data. */
  readonly metric?: MetricSpec;
  readonly mostLoss?: MostLoss;
  /** How a folder of pictures is fed. */
  readonly pictures?: PictureOptions;
  /** Least acceptable value of the metric; the goal's default where absent. */
  readonly floor?: number;
  readonly bindings: Bindings;
  readonly allowSlower?: boolean;
  /** Keep a model quantized without real data; the report marks it uncalibrated. */
  readonly allowUncalibrated?: boolean;
  /** A single fix to run instead of the whole search. */
  readonly fix?: string;
  /** File to write; by default a new name beside the model. */
  readonly output?: string;
}

/** A copy of a model whose functions gave way to their bodies; functions as `domain::name`. */
export interface InlinedCopy {
  readonly path: string;
  readonly inlined: readonly { readonly function: string; readonly calls: number }[];
  /** Functions of which calls are left, and why. */
  readonly kept: readonly { readonly function: string; readonly calls: number; readonly reason: string }[];
  /** Why its outputs were not compared with the model's, where they were not. */
  readonly notCompared?: string;
}

/** A TensorFlow.js model as a new ONNX file, or what stands in the way. */
export interface Conversion {
  /** The new file, where there is one. */
  readonly path?: string;
  /** Nodes or layers that cannot be converted; then nothing was written. */
  readonly notLowered: readonly { readonly node: string; readonly op: string; readonly reason: string }[];
}

/** Parameters and result of every request. */
export interface EngineRequests {
  /** Names of the published devices that times can be estimated for. */
  'engine/devices': { params: object; result: readonly string[] };
  'engine/configure': { params: { readonly settings: EngineSettings }; result: null };
  /** A model of the Hugging Face cache fails with `cache-link` unless the person allowed to follow its links. Without settings it gets the defaults. */
  /** `files`: absolute paths of other files that the model's weights lie in. */
  'model/open': { params: { readonly path: string; readonly bindings: Bindings; readonly settings?: ModelSettings; readonly followCacheLinks?: boolean }; result: { readonly document: DocumentId; readonly summary: ModelSummary; readonly files: readonly string[] } };
  'model/close': { params: { readonly document: DocumentId }; result: null };
  'model/snapshot': { params: { readonly document: DocumentId; readonly bindings: Bindings }; result: ModelSnapshot };
  'model/detail': { params: { readonly document: DocumentId; readonly layer: string; readonly bindings: Bindings }; result: LayerDetail };
  'model/findings': { params: { readonly document: DocumentId; readonly bindings: Bindings; readonly deep: boolean }; result: readonly Finding[] };
  /** `keep`: a version of a copy that is edited may be kept for its text to refer to, which writes into its folder. */
  'model/text': { params: { readonly document: DocumentId; readonly keep: boolean }; result: TextDocument };
  /** Where nodes, layers and weights so named stand in the JSON of a TensorFlow.js model; what stands nowhere is left out. */
  'model/jsonPlaces': { params: { readonly document: DocumentId; readonly names: readonly string[] }; result: readonly { readonly name: string; readonly range: TextRange }[] };
  /** Reads a text of the editor, that of a model as it is or as the person typed it. `source`: the model that it refers to. */
  'text/read': { params: TextVersion & { readonly text: string; readonly source?: DocumentId }; result: TextReading };
  /** Two models as texts to be laid side by side: the second written as the first is, weights by their content. For the eye, not to be read back. */
  'model/compareTexts': { params: { readonly before: DocumentId; readonly after: DocumentId }; result: { readonly before: string; readonly after: string } };
  /** Two models as graphs to be laid side by side, at the bindings that each of them has a dimension for. */
  'model/compareGraphs': { params: { readonly before: DocumentId; readonly after: DocumentId; readonly bindings: Bindings }; result: GraphComparison };
  /** Profiles both, one after the other, and compares what comes out of each row of 'model/compareGraphs' on the same inputs. */
  'model/measurePairs': { params: { readonly before: DocumentId; readonly after: DocumentId; readonly bindings: Bindings }; result: PairMeasurement };
  /** Makes `<name>.edited.onnx` beside a model, to be edited as text. */
  'model/editCopy': { params: { readonly document: DocumentId }; result: { readonly path: string } };
  /** Saves a text as the next version of such a copy. `lost`: notes of things that the new version does not have any more. */
  'text/save': { params: { readonly path: string; readonly text: string }; result: { readonly lost: readonly string[] } };
  'text/word': { params: TextVersion & { readonly line: number; readonly character: number }; result: TextWord | null };
  'text/value': { params: TextVersion & { readonly line: number; readonly character: number }; result: TextValue | null };
  /** Gives a value another name. A name that is taken is `usage`. */
  'text/rename': { params: TextVersion & { readonly line: number; readonly character: number; readonly name: string }; result: readonly TextEdit[] };
  'text/complete': { params: TextVersion & { readonly line: number; readonly character: number }; result: TextCompletions };
  /** The operator named at a place (`name`), or in whose inputs the place is (`inputs`). */
  'text/operator': { params: TextVersion & { readonly line: number; readonly character: number; readonly at: 'name' | 'inputs' }; result: TextOperator | null };
  'text/hints': { params: TextVersion & { readonly firstLine: number; readonly lastLine: number }; result: readonly TextHint[] };
  /** Five numbers for each word: lines and characters from the one before, length, type, modifiers. */
  'text/tokens': { params: TextVersion & { readonly firstLine: number; readonly lastLine: number }; result: Uint32Array };
  /** The changes that mend the problems on some lines. */
  'text/fixes': { params: TextVersion & { readonly firstLine: number; readonly lastLine: number }; result: readonly TextFix[] };
  'text/close': { params: { readonly uri: string }; result: null };
  'model/lineCosts': { params: { readonly document: DocumentId; readonly bindings: Bindings }; result: readonly LineCost[] };
  'model/profile': { params: { readonly document: DocumentId; readonly bindings: Bindings }; result: Profile };
  'model/optimize': { params: OptimizeRequest; result: OptimizationReport };
  /** Inlines functions of a model into a new file, all where none are named. */
  'model/inline': { params: { readonly document: DocumentId; readonly bindings: Bindings; readonly functions?: readonly string[]; readonly output?: string }; result: InlinedCopy };
  'model/convert': { params: { readonly document: DocumentId; readonly output?: string }; result: Conversion };
  /** What a page is handed to run the model itself; `too-large` for what a page cannot hold. */
  'model/forPage': { params: { readonly document: DocumentId; readonly bindings: Bindings }; result: PageModelSources };
  /** Which model a recipe is about, and the file it names for the result; absolute paths. */
  'recipe/read': { params: { readonly path: string }; result: { readonly model: string; readonly output?: string } };
  /** `output` holds where the recipe names none; `followCacheLinks` as in `model/open`. */
  'recipe/run': { params: { readonly path: string; readonly frozen: boolean; readonly output?: string; readonly followCacheLinks?: boolean }; result: OptimizationReport };
  /** `followCacheLinks`: those of the two paths whose links the person allowed to follow. */
  'bench/compare': { params: { readonly source: string; readonly variant?: string; readonly bindings: Bindings; readonly settings?: ModelSettings; readonly followCacheLinks?: readonly string[] }; result: { readonly benchmark: Benchmark; readonly comparison?: Comparison } };
  /** What the data at a path are and how much of them, without a model; an error where they are nothing that can be fed. */
  'data/summary': { params: { readonly path: string }; result: DataSummary };
  /** Reports in `.lathe/` beside a model, newest first. */
  'reports/list': { params: { readonly path: string }; result: readonly OptimizationReport[] };
  /** A report as Markdown for a person. */
  'reports/read': { params: { readonly path: string }; result: { readonly markdown: string } };
}

export type EngineMethod = keyof EngineRequests;

/** What the engine asks of the editor while it answers a request. */
export interface HostRequests {
  /** A run takes longer than it ought to: wait as long again, or stop it. */
  'ask/overBudget': { params: { readonly what: string; readonly elapsedMs: number }; result: 'wait' | 'stop' };
}

/** Notifications from the engine. */
export interface EngineNotifications {
  /** Progress of a running request, by the token the caller passed as `progressToken` beside its params. */
  'work/progress': { readonly token: string; readonly message: string; readonly fraction?: number };
  'log/line': { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string };
  /** The runner fell back to another Node, died, or cannot run here. */
  'runner/state': { readonly state: 'ok' | 'fallback' | 'unavailable'; readonly message: string };
}

/** Every request's params carry a token when its caller wants progress. Cancellation is JSON-RPC's own ($/cancelRequest). */
export type WithProgress<P> = P & { readonly progressToken?: string };

/** A LatheError crosses as a JSON-RPC ResponseError with this code and the error's JSON as `data`. */
export const latheErrorCode = -32050;
export type LatheErrorData = ErrorJson;
