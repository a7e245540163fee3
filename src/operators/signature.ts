// How an operator is called, version by version: its attributes with types, defaults and allowed values, the types of inputs and outputs, and what it does in a sentence.
import type { Attribute } from '../graph/model';
import { attentionSignatures } from './signatures/attention';
import { classicalSignatures } from './signatures/classical';
import { controlSignatures } from './signatures/control';
import { convolutionSignatures } from './signatures/convolution';
import { elementwiseSignatures } from './signatures/elementwise';
import { imageSignatures } from './signatures/image';
import { matmulSignatures } from './signatures/matmul';
import { movementSignatures } from './signatures/movement';
import { normalisationSignatures } from './signatures/normalisation';
import { otherSignatures } from './signatures/other';
import { quantisationSignatures } from './signatures/quantisation';
import { recurrentSignatures } from './signatures/recurrent';
import { runtimeSignatures } from './signatures/runtime';
import { shapeSignatures } from './signatures/shape';
import { signalSignatures } from './signatures/signal';
import { normalDomain } from '../graph/opsets';
import { latestOpset } from './table';

/** One operator in few words; read when it is first asked for. */
export interface SignatureRow {
  /** Absent: ai.onnx. */
  readonly domain?: string;
  readonly op: string;
  /** Versions of the domain's opset that changed it, the first being the one it came with. */
  readonly versions: string;
  /** The version that gave it up. */
  readonly until?: number;
  readonly says: string;
  /**
   * Separated by spaces: `name:type`, `!` where it is required, `=default`, `{a|b}` all values there are, `@from` or
   * `@from..before` where only those versions have it so. The type `dtype` is an int that numbers an element type.
   */
  readonly attributes?: string;
  /** By position `T float > T; T=floats|bfloat16`, each further entry begins with the version it holds from: `@13 …`. */
  readonly types: readonly string[];
}

export interface AttributeSpec {
  readonly name: string;
  readonly type: Attribute['type'];
  /** Its number means an element type (TensorProto.DataType). */
  readonly elementType: boolean;
  readonly required: boolean;
  /** As the textual syntax has it, but strings without quotes; absent where there is none. */
  readonly default?: string;
  /** Every string there is; for a list, those its items may be. */
  readonly values?: readonly string[];
}

/** An operator in one version. */
export interface Signature {
  readonly domain: string;
  readonly op: string;
  /** The version it came with. */
  readonly first: number;
  /** The latest change up to the version asked for. */
  readonly since: number;
  readonly says: string;
  readonly attributes: ReadonlyMap<string, AttributeSpec>;
  /** Types by position: a name of `constraints`, or a type itself. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What each type name may be; `floats`, `ints` and the like stand for all of a kind. */
  readonly constraints: ReadonlyMap<string, readonly string[]>;
}

const rows: readonly SignatureRow[] = [
  ...attentionSignatures,
  ...classicalSignatures,
  ...controlSignatures,
  ...convolutionSignatures,
  ...elementwiseSignatures,
  ...imageSignatures,
  ...matmulSignatures,
  ...movementSignatures,
  ...normalisationSignatures,
  ...otherSignatures,
  ...quantisationSignatures,
  ...recurrentSignatures,
  ...runtimeSignatures,
  ...shapeSignatures,
  ...signalSignatures,
];

interface Entry {
  readonly row: SignatureRow;
  readonly versions: readonly number[];
  readonly read: Map<number, Signature>;
}

const byName = new Map<string, Entry>(rows.map((row) => [key(row.domain ?? '', row.op), { row, versions: row.versions.split(' ').map(Number), read: new Map<number, Signature>() }]));

function key(domain: string, op: string): string {
  return `${domain}\u0000${op}`;
}

/** How an operator is called in a version of its domain's opset; undefined where it is not known, not there yet or given up. */
export function signatureOf(domain: string, op: string, opset: number): Signature | undefined {
  const entry = byName.get(key(normalDomain(domain), op));
  if (entry === undefined || opset >= (entry.row.until ?? Infinity)) return undefined;
  const since = entry.versions.findLast((version) => version <= opset);
  if (since === undefined) return undefined;
  let signature = entry.read.get(since);
  if (signature === undefined) entry.read.set(since, (signature = readRow(entry, since)));
  return signature;
}

/** How an operator is called in the newest version that has it; of ai.onnx in the latest that is known whole, where it is there. */
export function newestSignature(domain: string, op: string): Signature | undefined {
  const versions = byName.get(key(domain, op))?.versions;
  return versions === undefined ? undefined : signatureOf(domain, op, (domain === '' ? versions.findLast((version) => version <= latestOpset) : undefined) ?? versions.at(-1) ?? 1);
}

/** Every operator that can be called at some opset imports, in the order of the families. */
export function* signaturesAt(imports: ReadonlyMap<string, number>): Generator<Signature> {
  for (const { domain = '', op } of rows) {
    const version = imports.get(domain);
    const signature = version === undefined ? undefined : signatureOf(domain, op, version);
    if (signature !== undefined) yield signature;
  }
}

/** The operators known of a domain, in whatever version. */
export function operatorNames(domain: string): string[] {
  return rows.filter((row) => (row.domain ?? '') === domain).map(({ op }) => op);
}

/** Domains that operators are known of. */
export const knownDomains: readonly string[] = [...new Set(rows.map(({ domain = '' }) => domain))];

/** The newest version of a domain that changed any of its operators. */
export function newestVersion(domain: string): number {
  return Math.max(1, ...rows.filter((row) => (row.domain ?? '') === domain).flatMap(({ versions }) => versions.split(' ').map(Number)));
}

function readRow({ row, versions }: Entry, since: number): Signature {
  const attributes = new Map<string, AttributeSpec>();
  for (const word of row.attributes?.split(' ') ?? []) {
    const spec = readAttribute(word, since);
    if (spec !== undefined) attributes.set(spec.name, spec);
  }
  const typed = row.types.findLast((text) => Number(/^@(\d+) /.exec(text)?.[1] ?? 0) <= since) ?? '';
  const [call = '', ...constraints] = typed.replace(/^@\d+ /, '').split('; ');
  const [inputs = '', outputs = ''] = call.split('>').map((side) => side.trim());
  return {
    domain: row.domain ?? '',
    op: row.op,
    first: versions[0] ?? 1,
    since,
    says: row.says,
    attributes,
    inputs: wordsOf(inputs),
    outputs: wordsOf(outputs),
    constraints: new Map(constraints.map((text) => [text.slice(0, text.indexOf('=')), alternatives(text.slice(text.indexOf('=') + 1))])),
  };
}

const attributePattern = /^(?<name>\w+):(?<type>\w+)(?<required>!?)(?:=(?<given>[^{@]+))?(?:\{(?<values>[^}]*)\})?(?:@(?<from>\d+)(?:\.\.(?<before>\d+))?)?$/;

/** An attribute as a version has it; undefined where it does not. */
function readAttribute(word: string, version: number): AttributeSpec | undefined {
  const { name, type, required, given, values, from, before } = attributePattern.exec(word)?.groups ?? {};
  if (name === undefined || type === undefined || version < Number(from ?? 0) || version >= Number(before ?? Infinity)) return undefined;
  const elementType = type === 'dtype';
  return {
    name,
    type: elementType ? 'int' : (type as Attribute['type']),
    elementType,
    required: required === '!',
    ...(given === undefined ? {} : { default: given }),
    ...(values === undefined ? {} : { values: values.split('|') }),
  };
}

/** `a|seq(b|c)` at its outer bars. */
function alternatives(text: string): string[] {
  return text.match(/[^|(]+(?:\((?:[^()]|\([^()]*\))*\)+)?/g) ?? [];
}

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
