// The model in memory: everything ONNX can say, with names as ONNX has them and weights left where they lie.
import type { Disposable } from '../base/disposable';
import type { ElementType } from '../tensor/elementType';
import type { FileIdentity } from '../tensor/fileSource';
import type { SparseTensor, Tensor } from '../tensor/tensor';
import type { Dimension } from './dimension';

export type Shape = readonly Dimension[];

/** The largest rank a shape may have. onnxruntime and the rest of the field stop far below; a bound keeps shapes printable, and a few bytes from asking for billions. */
export const maxRank = 64;

/** ONNX's TypeProto. A tensor without `shape` has unknown rank. */
export type ValueType = ValueTypeBody & {
  /** What the value stands for, e.g. `IMAGE`. Source: onnx, TypeDenotation. */
  readonly denotation?: string;
  /** What each axis stands for, '' where nothing is said. Source: onnx, DimensionDenotation. */
  readonly dimensionDenotations?: readonly string[];
};

type ValueTypeBody =
  | { readonly kind: 'tensor'; readonly elementType: ElementType; readonly shape?: Shape }
  | { readonly kind: 'sparseTensor'; readonly elementType: ElementType; readonly shape?: Shape }
  | { readonly kind: 'sequence'; readonly of: ValueType }
  | { readonly kind: 'optional'; readonly of: ValueType }
  | { readonly kind: 'map'; readonly key: ElementType; readonly value: ValueType }
  | { readonly kind: 'opaque'; readonly domain: string; readonly name: string };

export type Metadata = readonly (readonly [string, string])[];

/** A named, possibly typed value: ONNX's ValueInfoProto. */
export interface ValueInfo {
  readonly name: string;
  readonly type?: ValueType;
  /** The type as it stands in the file where its element type is UNDEFINED: written back while `type` is not known. */
  readonly untyped?: Uint8Array;
  readonly docString?: string;
  readonly metadata?: Metadata;
  readonly unknownFields?: readonly Uint8Array[];
}

/** int64 attribute value: a number where it is a safe integer, else a bigint, so that nothing is clamped. */
export type Int = number | bigint;

export type AttributeValue =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: Int }
  | { readonly type: 'string'; readonly value: string } // bytes that are not UTF-8 survive as lone surrogates U+DC80–U+DCFF
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'sparseTensor'; readonly value: SparseTensor }
  | { readonly type: 'type'; readonly value: ValueType }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly Int[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  | { readonly type: 'sparseTensors'; readonly value: readonly SparseTensor[] }
  | { readonly type: 'types'; readonly value: readonly ValueType[] };

/** `reference` names the function attribute this one stands for (ONNX's ref_attr_name); the value is then a type-only default. */
export type Attribute = AttributeValue & {
  readonly docString?: string;
  readonly reference?: string;
  readonly unknownFields?: readonly Uint8Array[];
};

/** One operation. Empty strings in `inputs` and `outputs` are ONNX's omitted optional ones. Inputs may name outer-scope values. */
export interface Node {
  name: string;
  opType: string;
  /** '' is ai.onnx. */
  domain: string;
  overload: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, Attribute>;
  docString: string;
  metadata: Metadata;
  /** Keys (see `nodeKey`) of the source nodes this one came from; a freshly read node's origin is itself. */
  origin: readonly string[];
  unknownFields: readonly Uint8Array[];
}

export interface QuantizationAnnotation {
  readonly tensorName: string;
  readonly parameters: Metadata;
}

export interface Graph {
  name: string;
  docString: string;
  nodes: Node[];
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Declared types of inner values, by name. */
  valueInfo: Map<string, ValueInfo>;
  /** In file order; the key is the tensor's name. */
  initializers: Map<string, Tensor>;
  sparseInitializers: Map<string, SparseTensor>;
  quantizationAnnotations: QuantizationAnnotation[];
  metadata: Metadata;
  unknownFields: readonly Uint8Array[];
}

/** A model-local function. Its body's values are untyped. */
export interface FunctionBody {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly nodes: Node[];
  readonly opsetImports: ReadonlyMap<string, number>;
  readonly docString: string;
  readonly valueInfo: readonly ValueInfo[];
  readonly metadata: Metadata;
  readonly unknownFields: readonly Uint8Array[];
}

/** A whole model. Disposing closes its files; tensors shared with another model reopen them when read. */
export interface Model extends Disposable {
  readonly format: 'onnx' | 'tfjs-graph' | 'tfjs-layers';
  /** Absolute path it was read from; undefined for a model built in memory. */
  readonly path: string | undefined;
  /** The state of that file when it was opened. */
  readonly file?: FileIdentity;
  /** Key of what its format's reader keeps beside the model; shared by copies, meaningless to everyone else. */
  readonly formatData?: object;
  irVersion: number;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: Int;
  docString: string;
  /** Domain → version; '' is ai.onnx. */
  opsetImports: Map<string, number>;
  graph: Graph;
  functions: FunctionBody[];
  metadata: Metadata;
  /** Encoded top-level fields not modelled here (training_info …), verbatim. */
  unknownFields: readonly Uint8Array[];
  /** Named oddities met while reading (trailing bytes, names that are not UTF-8 …). */
  warnings: readonly ModelWarning[];
}

export interface ModelWarning {
  readonly code: string;
  readonly message: string;
  readonly item?: string;
}
