import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack, type Header, type Pack } from 'tar-stream';
import { MANIFEST } from '../factory/contracts/manifest';
import { defined } from '../factory/defined';
import { HEADERS, TAR, type CachedLayer } from '../factory/layers/cache';
import { surveyTar } from '../factory/layers/manifest';

/** What becomes of an entry: `undefined` leaves it out. */
export type Change = (header: Header, content: Buffer) => Buffer | undefined;

function add(out: Pack, header: Header, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => {
      if (error) reject(error);
      else resolve();
    };
    if (header.type === 'file') out.entry({ ...header, size: content.length }, content, done);
    else out.entry(header, done);
  });
}

/**
 * A layer as it would be with other contents, in a folder of its own.
 * @param added Files that it has beside.
 */
export async function rewriteLayer(
  layer: CachedLayer,
  folder: string,
  change: Change,
  added: ReadonlyMap<string, Buffer> = new Map(),
): Promise<CachedLayer> {
  const tar = join(folder, TAR);
  const reader = extract();
  const out = pack();
  const written = pipeline(out, createWriteStream(tar));
  const read = pipeline(createReadStream(layer.tar), reader);
  let mtime: Date | undefined;
  for await (const entry of reader) {
    const { header } = entry;
    mtime ??= header.mtime;
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    const content = change(header, Buffer.concat(chunks));
    if (content !== undefined) await add(out, header, content);
  }
  await read;
  for (const [name, content] of added) {
    const header = { name, type: 'file' as const, mode: 0o644, uid: 0, gid: 0 };
    await add(out, { ...header, ...defined({ mtime }) } as Header, content);
  }
  out.finalize();
  await written;
  const surveyed = await surveyTar(tar, folder);
  return { ...layer, ...surveyed, tar, headers: join(folder, HEADERS), manifest: join(folder, MANIFEST) };
}

/** Text of one entry; empty when it is not there. */
export async function entryText(
  layer: CachedLayer,
  wanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const reader = extract();
  const read = pipeline(createReadStream(layer.tar), reader);
  for await (const entry of reader) {
    const path = entry.header.name.replace(/^\.\//, '');
    if (entry.header.type === 'file' && wanted(path)) {
      const chunks: Buffer[] = [];
      for await (const chunk of Readable.from(entry)) chunks.push(chunk as Buffer);
      found.set(path, Buffer.concat(chunks).toString());
    } else {
      entry.resume();
    }
  }
  await read;
  return found;
}
