// TypeProto, TensorShapeProto and ValueInfoProto.
import { LatheError } from '../../base/errors';
import type { Dimension } from '../../graph/dimension';
import { maxRank, type ValueInfo, type ValueType } from '../../graph/model';
import { type ElementType, elementTypeFromCode } from '../../tensor/elementType';
import type { ReadContext } from './readContext';

export function readElementType(context: ReadContext, code: number): ElementType {
  const type = elementTypeFromCode(code);
  if (type === undefined) throw new LatheError('malformed', `Element type ${code} is not one of ONNX's.`, context.wire.where());
  return type;
}

export function readValueInfo(context: ReadContext): ValueInfo {
  const { wire } = context;
  let name = '';
  let type: ValueType | undefined;
  let untyped: Uint8Array | undefined;
  let docString = '';
  const metadata: (readonly [string, string])[] = [];
  const unknownFields: Uint8Array[] = [];
  wire.enter('value');
  wire.charge(200);
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        name = context.name();
        break;
      case 2: {
        const { fieldStart } = wire;
        type = readType(context, name);
        untyped = type === undefined ? wire.copyFrom(fieldStart) : undefined;
        break;
      }
      case 3:
        docString = wire.text();
        break;
      case 4:
        context.entry(metadata);
        break;
      default:
        context.keep(unknownFields);
    }
  }
  wire.leave();
  return {
    name,
    ...(type === undefined ? {} : { type }),
    ...(untyped === undefined ? {} : { untyped }),
    ...(docString === '' ? {} : { docString }),
    ...(metadata.length === 0 ? {} : { metadata }),
    ...(unknownFields.length === 0 ? {} : { unknownFields }),
  };
}

/** Reads a TypeProto; undefined where no kind is set. `owner` is the value's name, for errors. */
export function readType(context: ReadContext, owner: string): ValueType | undefined {
  const { wire } = context;
  let type: ValueType | undefined;
  let denotation = '';
  wire.enter('type');
  while (wire.next()) {
    switch (wire.field) {
      case 1:
        type = readTensorType(context, 'tensor', owner);
        break;
      case 4:
        type = { kind: 'sequence', of: readElement(context, owner) };
        break;
      case 5:
        type = readMap(context, owner);
        break;
      case 6:
        denotation = wire.text();
        break;
      case 7:
        type = readOpaque(context);
        break;
      case 8:
        type = readTensorType(context, 'sparseTensor', owner);
        break;
      case 9:
        type = { kind: 'optional', of: readElement(context, owner) };
        break;
      default:
        throw wire.malformed(`Field ${wire.field} in a type`);
    }
  }
  wire.leave();
  return type === undefined || denotation === '' ? type : { ...type, denotation };
}

function readTensorType(context: ReadContext, kind: 'tensor' | 'sparseTensor', owner: string): ValueType | undefined {
  const { wire } = context;
  let code = 0;
  let shape: ReadShape | undefined;
  wire.enter(owner === '' ? 'type' : owner);
  while (wire.next()) {
    if (wire.field === 1) code = wire.int32();
    else if (wire.field === 2) shape = readShape(context, owner);
    else throw wire.malformed(`Field ${wire.field} in a tensor type`);
  }
  // UNDEFINED stands for "not known": some exporters declare an output by its name and shape alone.
  const elementType = code === 0 ? undefined : readElementType(context, code);
  wire.leave();
  if (elementType === undefined) return undefined;
  return { kind, elementType, ...shape };
}

interface ReadShape {
  shape: Dimension[];
  dimensionDenotations?: readonly string[];
}

function readShape(context: ReadContext, owner: string): ReadShape {
  const { wire } = context;
  const shape: Dimension[] = [];
  const denotations: string[] = [];
  wire.enter('shape');
  while (wire.next()) {
    if (wire.field === 1) readDimension(context, owner, shape, denotations);
    else throw wire.malformed(`Field ${wire.field} in a shape`);
  }
  wire.leave();
  if (shape.length > maxRank) throw new LatheError('malformed', `A shape has rank ${shape.length}; ${maxRank} is the most.`, { ...wire.where(), item: owner || wire.place() });
  return denotations.some((text) => text !== '') ? { shape, dimensionDenotations: denotations } : { shape };
}

function readDimension(context: ReadContext, owner: string, shape: Dimension[], denotations: string[]): void {
  const { wire } = context;
  let dimension: Dimension;
  let denotation = '';
  wire.enter('dim');
  wire.charge(40);
  while (wire.next()) {
    if (wire.field === 1) {
      const value = wire.int64();
      if (value < 0 || typeof value === 'bigint')
        throw new LatheError('malformed', `A shape has the dimension ${value}.`, { ...wire.where('A dimension is a number from 0 to 2^53, or a name where it varies.'), item: owner || wire.place() });
      dimension = value;
    } else if (wire.field === 2) {
      const text = context.name();
      dimension = text === '' ? undefined : { text };
    } else if (wire.field === 3) denotation = wire.text();
    else throw wire.malformed(`Field ${wire.field} in a dimension`);
  }
  wire.leave();
  shape.push(dimension);
  denotations.push(denotation);
}

/** The element type of a sequence or optional. */
function readElement(context: ReadContext, owner: string): ValueType {
  const { wire } = context;
  let type: ValueType | undefined;
  wire.enter('element');
  while (wire.next()) {
    if (wire.field === 1) type = readType(context, owner);
    else throw wire.malformed(`Field ${wire.field} in a sequence or optional type`);
  }
  if (type === undefined) throw wire.malformed('A sequence or optional type without an element type');
  wire.leave();
  return type;
}

function readMap(context: ReadContext, owner: string): ValueType {
  const { wire } = context;
  let key: ElementType | undefined;
  let value: ValueType | undefined;
  wire.enter('map');
  while (wire.next()) {
    if (wire.field === 1) key = readElementType(context, wire.int32());
    else if (wire.field === 2) value = readType(context, owner);
    else throw wire.malformed(`Field ${wire.field} in a map type`);
  }
  if (key === undefined || value === undefined) throw wire.malformed('A map type without a key or value type');
  wire.leave();
  return { kind: 'map', key, value };
}

function readOpaque(context: ReadContext): ValueType {
  const { wire } = context;
  let domain = '';
  let name = '';
  wire.enter('opaque');
  while (wire.next()) {
    if (wire.field === 1) domain = wire.text();
    else if (wire.field === 2) name = wire.text();
    else throw wire.malformed(`Field ${wire.field} in an opaque type`);
  }
  wire.leave();
  return { kind: 'opaque', domain, name };
}
