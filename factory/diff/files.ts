import { manifestLine, type ManifestEntry } from '../contracts/manifest';
import { readManifest } from '../layers/manifest';

export interface FileChange {
  readonly path: string;
  /** Bytes of the file in the second image; of a file that is gone, in the first. 0 for links and folders. */
  readonly bytes: number;
}

export interface FileChanges {
  readonly added: readonly FileChange[];
  readonly removed: readonly FileChange[];
  /** Other content, mode, owner, date or kind. */
  readonly changed: readonly FileChange[];
}

const bytesOf = (entry: ManifestEntry): number => (entry.type === 'file' ? entry.size : 0);
const change = (entry: ManifestEntry): FileChange => ({ path: `/${entry.path}`, bytes: bytesOf(entry) });

/** Compares two manifests; of the first, a line a path is in memory. */
export async function fileChanges(before: string, after: string): Promise<FileChanges> {
  const left = new Map<string, ManifestEntry>();
  for await (const entry of readManifest(before)) left.set(entry.path, entry);
  const [added, changed]: [FileChange[], FileChange[]] = [[], []];
  for await (const entry of readManifest(after)) {
    const was = left.get(entry.path);
    left.delete(entry.path);
    if (was === undefined) added.push(change(entry));
    else if (manifestLine(was) !== manifestLine(entry)) changed.push(change(entry));
  }
  return { added, removed: [...left.values()].map(change), changed };
}
