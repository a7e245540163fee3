// Names that nobody has yet, found in constant time however many share one wish.

/** The names taken so far; they are never given back. */
export class FreeNames {
  private readonly taken = new Set(['']);
  /** Per name that had to be numbered: the next number to try. Starting anew each time makes n equal names cost n². */
  private readonly numbers = new Map<string, number>();

  take(name: string): void {
    this.taken.add(name);
  }

  has(name: string): boolean {
    return this.taken.has(name);
  }

  /** Takes `wanted` where it is free and not empty, else `wanted`, `separator` and the first free number from `first` on. */
  fresh(wanted: string, separator = '_', first = 2): string {
    let name = wanted;
    let number = this.numbers.get(wanted) ?? first;
    while (this.taken.has(name)) name = `${wanted}${separator}${number++}`;
    if (name !== wanted) this.numbers.set(wanted, number);
    this.taken.add(name);
    return name;
  }
}
