// TensorFlow's element types by name and number. Source: tensorflow/core/framework/types.proto, DataType.
import type { ElementType } from '../../tensor/elementType';

const rows: readonly (readonly [code: number, name: string, elementType?: ElementType])[] = [
  [0, 'DT_INVALID'],
  [1, 'DT_FLOAT', 'float32'],
  [2, 'DT_DOUBLE', 'float64'],
  [3, 'DT_INT32', 'int32'],
  [4, 'DT_UINT8', 'uint8'],
  [5, 'DT_INT16', 'int16'],
  [6, 'DT_INT8', 'int8'],
  [7, 'DT_STRING', 'string'],
  [8, 'DT_COMPLEX64', 'complex64'],
  [9, 'DT_INT64', 'int64'],
  [10, 'DT_BOOL', 'bool'],
  [11, 'DT_QINT8', 'int8'],
  [12, 'DT_QUINT8', 'uint8'],
  [13, 'DT_QINT32', 'int32'],
  [14, 'DT_BFLOAT16', 'bfloat16'],
  [15, 'DT_QINT16', 'int16'],
  [16, 'DT_QUINT16', 'uint16'],
  [17, 'DT_UINT16', 'uint16'],
  [18, 'DT_COMPLEX128', 'complex128'],
  [19, 'DT_HALF', 'float16'],
  [20, 'DT_RESOURCE'],
  [21, 'DT_VARIANT'],
  [22, 'DT_UINT32', 'uint32'],
  [23, 'DT_UINT64', 'uint64'],
];

const byCode = new Map<unknown, string>(rows.map(([code, name]) => [code, name]));
const elementTypes = new Map<unknown, ElementType | undefined>(rows.map(([, name, elementType]) => [name, elementType]));

/** The type's name; old files give its number. Unknown ones stand as they are. */
export function dataTypeName(value: unknown): string {
  return byCode.get(value) ?? String(value);
}

/** The element type of a name or number; undefined for resources, variants and unknown ones. */
export function dataTypeElement(value: unknown): ElementType | undefined {
  return elementTypes.get(dataTypeName(value));
}

const names = new Map<ElementType, string>();
for (const [, name, elementType] of rows) if (elementType !== undefined && !names.has(elementType)) names.set(elementType, name);

/** TensorFlow's name of an element type; undefined where it has none. */
export function dataTypeOf(elementType: ElementType): string | undefined {
  return names.get(elementType);
}
