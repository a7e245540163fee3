// Where the text of a model lives: `onnx-text:/path/model.onnx.onnxtxt` for `file:/path/model.onnx`.

import { isEditedCopy } from '../base/editedName';

export const textScheme = 'onnx-text';
/** Texts of two models side by side are for the eye alone: names of the second model are those of the first. */
export const compareScheme = 'onnx-compare';
/** The virtual path must not end in `.onnx`, or the custom editor would claim it. */
export const textExtension = '.onnxtxt';

/** The parts of a URI that say where a file is. */
export interface UriParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/** Parts of the text URI of a model. */
export function textParts(model: UriParts): UriParts {
  return { scheme: textScheme, authority: model.authority, path: model.path + textExtension };
}

/** Parts of the model's URI a text URI stands for; undefined where it is not the text of a model. */
export function modelParts(text: UriParts): UriParts | undefined {
  if (text.scheme !== textScheme || !text.path.endsWith(textExtension)) return undefined;
  return { scheme: 'file', authority: text.authority, path: text.path.slice(0, -textExtension.length) };
}

/** Whether a text may be edited: that of a copy made for it, and any that is not a model's. */
export function isEditable(text: UriParts): boolean {
  const model = modelParts(text);
  return (text.scheme !== textScheme && text.scheme !== compareScheme) || (model !== undefined && isEditedCopy(model.path));
}
