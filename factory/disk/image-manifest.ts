import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { LayerName } from '../contracts/layers';
import { MANIFEST_HEADER, type ManifestEntry, manifestLine } from '../contracts/manifest';
import { manifestLines } from '../layers/manifest';
import type { AddedFile, Merged } from '../layers/merge';

interface Options {
  readonly layers: readonly { readonly name: LayerName }[];
  /** Text of each. */
  readonly manifests: readonly string[];
  readonly merged: Pick<Merged, 'ownerOf' | 'added'>;
  /** Seconds: date of the added files. */
  readonly epoch: number;
  /** File to write. */
  readonly out: string;
}

const addedEntry = ({ path, content }: AddedFile, epoch: number): ManifestEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  time: epoch,
  size: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

/**
 * Writes the manifest of the root file system: of each layer's, the entries that were merged, under a comment
 * with the layer's name; then the files made at assembly.
 * @returns the manifest's digest.
 */
export async function writeImageManifest(options: Options): Promise<string> {
  const hash = createHash('sha256');
  const out = createWriteStream(options.out, { mode: 0o644 });
  const write = async (line: string): Promise<void> => {
    hash.update(`${line}\n`);
    if (!out.write(`${line}\n`)) await once(out, 'drain');
  };
  await write(MANIFEST_HEADER);
  for (const [index, { name }] of options.layers.entries()) {
    await write(`# layer ${name}`);
    for (const { line, entry } of manifestLines(options.manifests[index] ?? '')) {
      if (options.merged.ownerOf(entry.path) === name) await write(line);
    }
  }
  await write('# made at assembly');
  for (const file of options.merged.added) await write(manifestLine(addedEntry(file, options.epoch)));
  out.end();
  await once(out, 'close');
  return `sha256:${hash.digest('hex')}`;
}
