// The names of copies that are made to be edited as text: only these are ever written again.
const editedName = /\.edited(?:-\d+)?\.onnx$/;

/** Whether a model's file is such a copy, by its name. */
export function isEditedCopy(path: string): boolean {
  return editedName.test(path);
}
