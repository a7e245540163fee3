// How a TensorFlow.js model is told from other JSON: by its beginning, as it may be megabytes in one line.

/** Long enough for a signature to stand before the topology. */
export const headBytes = 16384;

/** Whether JSON that begins like this is a TensorFlow.js model: its two formats by name, or the topology that older files begin with. */
export function beginsLikeTfjs(head: string): boolean {
  return /"format"\s*:\s*"(graph|layers)-model"|"modelTopology"\s*:\s*\{/.test(head);
}

/** The beginning of a document; of a minified model, which is one line of megabytes, only the part that is asked for. */
export function headOf(document: { readonly lineCount: number; lineAt(line: number): { readonly text: string } }): string {
  let head = '';
  for (let line = 0; line < document.lineCount && head.length < headBytes; line++) head += `${document.lineAt(line).text.slice(0, headBytes)}\n`;
  return head;
}
