// The words shown to a person, in their language: `vscode.l10n.t` once the extension is active, plain English in tests.

export type Translate = (message: string, ...values: (string | number | boolean)[]) => string;

let translate: Translate = fillPlaceholders;

/** Hands over the editor's translation; called once, on activation. */
export function useTranslation(translation: Translate): void {
  translate = translation;
}

/** Translates an English sentence; `{0}`, `{1}` … stand for the values. */
export function t(message: string, ...values: (string | number | boolean)[]): string {
  return translate(message, ...values);
}

/** What `vscode.l10n.t` does where there is no bundle for the language. */
export function fillPlaceholders(message: string, ...values: (string | number | boolean)[]): string {
  return message.replace(/\{(\d+)\}/g, (placeholder, index: string) => {
    const value = values[Number(index)];
    return value === undefined ? placeholder : String(value);
  });
}
