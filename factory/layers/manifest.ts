import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createReadStream, createWriteStream, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import {
  MANIFEST,
  MANIFEST_HEADER,
  type ManifestEntry,
  manifestLine,
  parseManifestLine,
} from '../contracts/manifest';
import { HEADERS } from './cache';
import { tarMembers } from './tar';

export interface Surveyed {
  /** Digest of the tar's bytes, `sha256:…`. */
  readonly digest: string;
  /** Bytes of the tar. */
  readonly size: number;
  /** Entries of the tar. */
  readonly entries: number;
  /** Of the two files that were written, `sha256:…`. */
  readonly headersDigest: string;
  readonly manifestDigest: string;
}

const pathOf = (name: string): string => name.replace(/^\.(\/|$)/, '').replace(/\/$/, '');

/** What a tar's header says; what no manifest has (a device, a fifo) is left to the rules of the merge. */
function entryOf(
  header: Header,
  content: { readonly size: number; readonly sha256: string },
  files: ReadonlyMap<string, ManifestEntry>,
): ManifestEntry | undefined {
  const path = pathOf(header.name);
  const common = {
    path,
    mode: header.mode & 0o7777,
    uid: header.uid,
    gid: header.gid,
    time: Math.floor(header.mtime.getTime() / 1000),
  };
  switch (header.type) {
    case 'directory':
      return { ...common, type: 'dir' };
    case 'file':
      return { ...common, type: 'file', ...content };
    case 'symlink':
      return { ...common, type: 'link', link: header.linkname };
    case 'link': {
      const target = files.get(pathOf(header.linkname));
      return target === undefined ? undefined : { ...target, path };
    }
    default:
      return undefined;
  }
}

/** Writes what of a tar is no file's content. */
function writeHeaders(tar: string, file: string): string {
  const hash = createHash('sha256');
  const out = openSync(file, 'w', 0o644);
  try {
    const members = tarMembers(tar, (bytes) => {
      hash.update(bytes);
      for (let done = 0; done < bytes.length;) done += writeSync(out, bytes, done);
    });
    while (members.next().done !== true);
  } finally {
    closeSync(out);
  }
  return `sha256:${hash.digest('hex')}`;
}

/**
 * Reads a layer's tar once, and its headers again. Into `folder` come its headers, and its manifest. No file's content
 * is kept in memory.
 */
export async function surveyTar(tar: string, folder: string): Promise<Surveyed> {
  const whole = createHash('sha256');
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      whole.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const reader = extract();
  const out = createWriteStream(join(folder, MANIFEST), { mode: 0o644 });
  const written = createHash('sha256');
  const write = (line: string): boolean => {
    written.update(`${line}\n`);
    return out.write(`${line}\n`);
  };
  write(MANIFEST_HEADER);
  const files = new Map<string, ManifestEntry>();
  let entries = 0;
  const reading = pipeline(createReadStream(tar, { highWaterMark: 1 << 20 }), counted, reader);
  reading.catch((error: unknown) => {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const item of reader) {
      const hash = createHash('sha256');
      let length = 0;
      for await (const chunk of item as AsyncIterable<Buffer>) {
        hash.update(chunk);
        length += chunk.length;
      }
      entries += 1;
      const entry = entryOf(item.header, { size: length, sha256: hash.digest('hex') }, files);
      if (entry === undefined) continue;
      if (entry.type === 'file') files.set(entry.path, entry);
      if (!write(manifestLine(entry))) await once(out, 'drain');
    }
    await reading;
  } finally {
    out.end();
  }
  await once(out, 'close');
  return {
    digest: `sha256:${whole.digest('hex')}`,
    size,
    entries,
    headersDigest: writeHeaders(tar, join(folder, HEADERS)),
    manifestDigest: `sha256:${written.digest('hex')}`,
  };
}

/** The entries of a manifest, in its order, a line at a time. */
export async function* readManifest(file: string): AsyncGenerator<ManifestEntry> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const entry = parseManifestLine(line);
    if (entry !== undefined) yield entry;
  }
}

/** The same with the lines as they stand, of a manifest that is in memory. */
export function* manifestLines(
  text: string,
): Generator<{ readonly line: string; readonly entry: ManifestEntry }> {
  for (const line of text.split('\n')) {
    const entry = parseManifestLine(line);
    if (entry !== undefined) yield { line, entry };
  }
}
