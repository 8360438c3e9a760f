import type { Readable } from 'node:stream';
import { fromRandomAccessReaderPromise, type Entry } from 'yauzl';
import { Refused, type ArchiveRules } from './rules';
import { WindowReader } from './zip-reader';

const FORMAT = 0o170000;
const SYMLINK = 0o120000;

/**
 * Judges a zip by its directory, unpacking nothing.
 * @param onEntry gets the content of every entry that it asks for by its name.
 */
export async function inspectZip(
  file: string,
  size: number,
  rules: ArchiveRules,
  onEntry?: {
    readonly wants: (name: string) => boolean;
    readonly read: (content: Readable) => Promise<void>;
  },
): Promise<void> {
  const options = { autoClose: false, strictFileNames: true };
  const zip = await fromRandomAccessReaderPromise(new WindowReader(file), size, options);
  const wanted: Entry[] = [];
  let packed = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName;
      if (((entry.externalFileAttributes >>> 16) & FORMAT) === SYMLINK)
        throw new Refused(`${name}: is a link; unpackers differ in what they make of it`);
      const type = name.endsWith('/') ? 'directory' : 'file';
      rules.admit({ name, type, size: entry.uncompressedSize });
      // Entries that share bytes unpack to more than the file could hold.
      packed += entry.compressedSize;
      if (packed > size) throw new Refused(`${name}: its entries overlap`);
      if (onEntry?.wants(name) === true) wanted.push(entry);
    }
    for (const entry of wanted) await onEntry?.read(await zip.openReadStreamPromise(entry));
  } finally {
    zip.close();
  }
}
