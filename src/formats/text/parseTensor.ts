// Tensors: small ones with their values, others as references to where their bytes lie. Source: onnx/defs/parser.cc, Parse(TensorProto).
import { LatheError } from '../../base/errors';
import type { ValueType } from '../../graph/model';
import { elementBits } from '../../tensor/elementType';
import { elementCount, MemorySource, type SparseTensor, type Tensor } from '../../tensor/tensor';
import type { ParseContext } from './context';
import { type AnyTensor, isSparse } from '../weightFiles';
import { fits, type ReferenceEntries, type WantedTensor } from './references';
import { TextError } from './scanner';
import { parseValues } from './values';

/** What follows type, name and `=` of a tensor: its values or a reference. `start` is where its type begins. @throws TextError. */
export function parseTensorData(context: ParseContext, type: ValueType, name: string, start: number): AnyTensor {
  const { scan } = context;
  if (type.kind !== 'tensor' && type.kind !== 'sparseTensor') throw new TextError('Expected the type of a tensor before its values.', start, scan.at);
  const wanted = { name, elementType: type.elementType, dims: dimsOf(type, start, scan.at), sparse: type.kind === 'sparseTensor' };
  const from = scan.at;
  if (!wanted.sparse && scan.accept('{')) return parseValues(scan, name, wanted.elementType, wanted.dims, start);
  if (!scan.accept('[')) throw scan.expected(wanted.sparse ? 'a reference [ … ] to the sparse tensor: the syntax has no values for it' : 'the values { … } of the tensor or a reference [ … ] to them');
  return resolve(context, parseEntries(context), wanted, from);
}

function dimsOf(type: Extract<ValueType, { kind: 'tensor' | 'sparseTensor' }>, start: number, end: number): number[] {
  if (type.shape === undefined) throw new TextError('Expected the shape of the tensor: its rank is not known.', start, end);
  const dims = type.shape.map((dim) => {
    if (typeof dim !== 'number') throw new TextError('Expected numbers as the dimensions of the tensor.', start, end);
    return dim;
  });
  // As the reader of files: a zero must not hide an overflow of the others.
  const product = elementCount(dims.filter((dim) => dim !== 0));
  if (product * Math.max(1, elementBits(type.elementType) / 8) > Number.MAX_SAFE_INTEGER) throw new TextError('The tensor has more than 2^53 elements or bytes.', start, end);
  return dims;
}

/** The pairs of strings of a reference, the bracket before them already taken. */
function parseEntries({ scan }: ParseContext): ReferenceEntries {
  const entries: (readonly [string, string])[] = [];
  do {
    const key = scan.string('a quoted key such as "location"');
    scan.expect(':', `after "${key}"`);
    entries.push([key, scan.string(`the quoted value of "${key}"`)]);
  } while (scan.accept(','));
  scan.expect(']', 'after the reference');
  return entries;
}

function resolve(context: ParseContext, entries: ReferenceEntries, wanted: WantedTensor, start: number): AnyTensor {
  const end = context.scan.at;
  const found = find(context, entries, wanted, start, end);
  if (found === undefined) {
    if (context.source !== undefined) throw new TextError('The model that the text was printed from has no tensor there.', start, end);
    if (wanted.sparse) throw new TextError('A sparse tensor can only be read with the model that the text was printed from.', start, end);
    return { name: wanted.name, elementType: wanted.elementType, dims: wanted.dims, source: new UnresolvedSource(byteLength(wanted)), storage: 'external', ...(wanted.elementType === 'string' ? { strings: [] } : {}) };
  }
  if (isSparse(found) !== wanted.sparse) throw new TextError(`There lies a ${isSparse(found) ? 'sparse' : 'dense'} tensor.`, start, end);
  if (isSparse(found)) return renamedSparse(found, wanted, start, end);
  return renamed(found, wanted, start, end);
}

function find(context: ParseContext, entries: ReferenceEntries, wanted: WantedTensor, start: number, end: number): AnyTensor | undefined {
  try {
    return context.source?.find(entries, wanted) ?? context.resolve(entries, wanted);
  } catch (thrown) {
    throw thrown instanceof LatheError ? new TextError(thrown.message, start, end) : thrown;
  }
}

function byteLength({ elementType, dims }: WantedTensor): number {
  return Math.ceil((elementCount(dims) * elementBits(elementType)) / 8);
}

/** The tensor found under the name, type and shape that the text gives it; its bytes and notes are kept. */
function renamed(found: Tensor, wanted: WantedTensor, start: number, end: number): Tensor {
  if (fits(found, wanted)) return found.name === wanted.name ? found : { ...found, name: wanted.name };
  if (wanted.elementType === 'string' || found.strings !== undefined) throw new TextError(`There lies a ${found.elementType} tensor of ${elementCount(found.dims)} elements.`, start, end);
  const bytes = byteLength(wanted);
  if (found.source.byteLength !== bytes) throw new TextError(`There lie ${found.source.byteLength} bytes, but the tensor's type and shape need ${bytes}.`, start, end);
  return { ...found, name: wanted.name, elementType: wanted.elementType, dims: wanted.dims };
}

function renamedSparse(found: SparseTensor, wanted: WantedTensor, start: number, end: number): SparseTensor {
  if (!fits(found, wanted)) throw new TextError(`There lies a sparse tensor of type ${found.values.elementType} and shape ${found.dims.join('×')}.`, start, end);
  return found.values.name === wanted.name ? found : { ...found, values: { ...found.values, name: wanted.name } };
}

/** Stands for bytes that only the model has which the text was printed from. */
class UnresolvedSource extends MemorySource {
  constructor(override readonly byteLength: number) {
    super(new Uint8Array(0));
  }

  override read(): Uint8Array {
    throw new LatheError('not-found', 'The text only refers to these weights.', { hint: 'Open the model that it was printed from.' });
  }
}
