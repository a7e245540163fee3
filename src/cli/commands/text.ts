// `lathe text MODEL`: the model in ONNX's textual syntax, to read, search and diff.
import { isJsonPath, onlyOnnxYet } from '../../base/notYet';
import { readOnnxModel } from '../../formats/onnx/read';
import { modelFile } from '../../formats/open';
import { publishText } from '../../formats/publish';
import { printModel } from '../../formats/text/print';
import { referToContent, referToPlaces } from '../../formats/text/references';

export interface TextOptions {
  readonly output?: string;
  readonly weights: 'place' | 'content';
  readonly followCacheLinks?: true;
}

/** A model that breaks a rule of graphs is printed all the same: the text shows what is wrong with it. */
export async function text(path: string, options: TextOptions): Promise<void> {
  if (isJsonPath(path)) throw onlyOnnxYet('shown as text', path);
  const model = readOnnxModel(path, modelFile(path, options.followCacheLinks));
  try {
    const places = referToPlaces(model);
    const printed = printModel(model, { refer: options.weights === 'content' ? referToContent(places) : places });
    if (options.output === undefined) process.stdout.write(printed);
    else await publishText(options.output, printed);
  } finally {
    model.dispose();
  }
}
