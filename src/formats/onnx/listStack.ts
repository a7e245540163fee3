// Lists that are read item by item: each is made once, of its exact length, when all its items are there.

/**
 * A list that grows by push holds room for 17 items: most of the memory of a graph of short lists. Here the items lie one
 * list on top of the other, those of a nested message above those of the message around it.
 */
export class ListStack<T> {
  private readonly items: T[] = [];
  private top = 0;

  /** Where the next list begins. */
  get height(): number {
    return this.top;
  }

  push(item: T): void {
    this.items[this.top++] = item;
  }

  /** Takes the items from `height` on off the stack. */
  take(height: number): T[] {
    const list = this.items.slice(height, this.top);
    this.top = height;
    return list;
  }
}
