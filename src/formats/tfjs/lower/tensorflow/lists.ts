// TensorFlow's tensor lists: kept by the lowering itself, so that loops that fill them become plain nodes.
import { type Held, lastOf, type NodeContext, NotLowered, type Rules } from '../context';

type List = readonly (Held | undefined)[];

/** Longer lists are made by a loop that should run as one. */
const mostElements = 256;

function listOf(c: NodeContext, input: number): List {
  return c.held(input).list ?? c.refuse('its list is not one that the lowering follows');
}

function index(c: NodeContext, input: number, list: List): number {
  const [at] = c.constantNumbers(input, 'its index');
  return at !== undefined && at >= 0 && at < list.length ? at : c.refuse('its index lies outside the list');
}

function element(list: List, at: number): Held {
  const held = list[at];
  if (held === undefined) throw new NotLowered('it reads an element that nothing has written');
  return held;
}

function length(c: NodeContext, count: unknown): number {
  return typeof count === 'number' && count >= 0 && count <= mostElements ? count : c.refuse(typeof count === 'number' ? `its list has ${count} elements` : 'how many elements its list has depends on the input');
}

function reserve(c: NodeContext): void {
  const count = length(c, c.values(1)?.[0]);
  c.setHeld(0, { list: Array.from({ length: count }, () => undefined) });
}

function fromTensor(c: NodeContext): void {
  const x = c.value(0);
  const count = length(c, c.shape(0)?.[0]);
  c.setHeld(0, { list: Array.from({ length: count }, (_, i): Held => ({ last: c.emit('Gather', [x, c.onnx.int(i)], { axis: 0 }) })) });
}

function setItem(c: NodeContext): void {
  const list = [...listOf(c, 0)];
  list[index(c, 1, list)] = c.held(2);
  c.setHeld(0, { list });
}

function stack(c: NodeContext): void {
  const list = listOf(c, 0);
  if (list.length === 0) c.refuse('it stacks an empty list');
  const rows = list.map((_, i) => c.emit('Unsqueeze', [lastOf(c.onnx, element(list, i)), c.onnx.ints([0])]));
  c.set(0, c.emit('Concat', rows, { axis: 0 }));
}

export const listRules: Rules = {
  TensorListReserve: reserve,
  EmptyTensorList: (c) => c.setHeld(0, { list: [] }),
  TensorListFromTensor: fromTensor,
  TensorListSetItem: setItem,
  TensorListPushBack: (c) => c.setHeld(0, { list: [...listOf(c, 0), c.held(1)] }),
  TensorListGetItem: (c) => {
    const list = listOf(c, 0);
    c.setHeld(0, element(list, index(c, 1, list)));
  },
  TensorListLength: (c) => c.set(0, c.onnx.scalar(listOf(c, 0).length, 'int32')),
  TensorListStack: stack,
};
