// One string in memory for each text that comes again soon: names, as the inputs and outputs of nodes.

/** Texts of a generation; there are two. Names come again near the place where they came first. */
const perGeneration = 8192;

/** The texts met lately, at least the last {@link perGeneration} different ones: a file of a million names is not held twice. */
export class RecentTexts {
  private young = new Map<string, string>();
  private old = new Map<string, string>();

  /** The string met before that is equal to this one. */
  find(text: string): string | undefined {
    return this.young.get(text) ?? this.old.get(text);
  }

  add(text: string): void {
    if (this.young.size >= perGeneration) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(text, text);
  }
}
