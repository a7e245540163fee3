// The model with which a runner tests itself: y = x + x on two floats, the smallest graph the runtime loads.

/** Protobuf field with a length-delimited payload, all below 128 bytes. */
function field(number: number, payload: readonly number[]): number[] {
  return [(number << 3) | 2, payload.length, ...payload];
}

const text = (value: string): number[] => [...Buffer.from(value)];

/** ValueInfoProto: a float tensor of shape [2]. Field numbers as in onnx.proto3. */
function valueInfo(name: string): number[] {
  const shape = field(1, [0x08, 2]);
  const tensorType = [0x08, 1, ...field(2, shape)];
  return [...field(1, text(name)), ...field(2, field(1, tensorType))];
}

/** ModelProto, IR version 8, opset 13: `y = Add(x, x)`. */
export function selfTestModel(): Uint8Array {
  const node = [...field(1, text('x')), ...field(1, text('x')), ...field(2, text('y')), ...field(4, text('Add'))];
  const graph = [...field(1, node), ...field(2, text('g')), ...field(11, valueInfo('x')), ...field(12, valueInfo('y'))];
  return Uint8Array.from([0x08, 8, ...field(7, graph), ...field(8, [0x10, 13])]);
}
