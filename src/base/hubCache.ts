// The Hugging Face cache: `models--org--name/snapshots/<commit>/…` holds links into `models--org--name/blobs`.
// Source: huggingface_hub, "Understand caching".
const snapshotFile = /^(.*[/\\]models--[^/\\]+)[/\\]snapshots[/\\]/;

/** The cache's folder of the model that a file in one of its snapshots belongs to; undefined for any other file. */
export function hubCacheFolder(path: string): string | undefined {
  return snapshotFile.exec(path)?.[1];
}
