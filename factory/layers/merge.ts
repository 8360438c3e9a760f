import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { extract, pack, type Extract, type Header, type Pack } from 'tar-stream';
import type { LayerName } from '../contracts/layers';
import { KilnError, type Fault } from '../errors';
import { layerDamaged } from './damage';
import { MergeRules } from './merge-rules';

export interface MergeLayer {
  readonly name: LayerName;
  readonly tar: string;
  /** sha256 of the tar, `sha256:…`: compared with the very bytes that were merged. */
  readonly digest: string;
}

/** A small file made at assembly, owned by root, mode 0644. */
export interface AddedFile {
  readonly path: string;
  readonly content: string;
}

export interface MergeOptions {
  readonly layers: readonly MergeLayer[];
  readonly added: readonly AddedFile[];
  /** Paths of the first layer whose content is collected (boot loader's files), not merged. */
  readonly leftOut: readonly string[];
  /** Called for every file under `leftOut`; must consume the stream. */
  readonly onLeftOut: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Told how many bytes of the layers' tars were read, as they are. */
  readonly onRead?: (bytes: number) => void;
  /** Seconds: date of the added files. */
  readonly epoch: number;
  readonly out: Writable;
}

export interface Merged {
  /** Number of entries written. */
  readonly entries: number;
  /** The layer whose entry of that path was written; undefined when there is none. */
  readonly ownerOf: (path: string) => LayerName | undefined;
}

/** Refusals are shown together, up to so many. */
const MOST_FAULTS = 20;
const ATTRIBUTE = 'SCHILY.xattr.';

/** A file's content as tar-stream hands it over. */
type Source = ExtractSource<Extract>;
type ExtractSource<T> = T extends AsyncIterable<infer S> ? S : never;

async function put(
  out: Pack,
  header: Partial<Header> & Pick<Header, 'name'>,
  content: Source,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sink = out.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
    content.on('error', reject);
    if (header.type === 'file') content.pipe(sink);
    else content.resume();
  });
}

/** @returns sha256 of all bytes of the file, `sha256:…`. */
async function feed(file: string, reader: Extract, onRead?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onRead?.(chunk.length);
    if (!reader.write(chunk))
      await new Promise<void>((resolve) =>
        reader.once('drain', () => {
          resolve();
        }),
      );
  }
  reader.end(undefined);
  return `sha256:${hash.digest('hex')}`;
}

async function drain(from: Pack, to: Writable): Promise<void> {
  // A program that ends early closes its pipe, with an error or without.
  const gone = new Promise<never>((_, reject) => {
    to.once('error', reject);
    to.once('close', () => {
      if (!to.writableFinished) reject(new Error('what reads the merged layers ended before they did'));
    });
  });
  gone.catch(() => undefined);
  for await (const chunk of from as unknown as AsyncIterable<Uint8Array>) {
    if (!to.write(chunk)) await Promise.race([once(to, 'drain'), gone]);
  }
  to.end();
  await Promise.race([once(to, 'finish'), gone]);
}

function refused(faults: readonly Fault[]): KilnError {
  return new KilnError({ code: 'layers-clash', what: 'the layers do not go together', faults });
}

/** The header as the merged tar has it: one spelling of names, nothing but what the rules looked at. */
function merged(header: Header, path: string): Partial<Header> & Pick<Header, 'name'> {
  const { mode, mtime, uid, gid, type, size } = header;
  const name = path === '' ? './' : type === 'directory' ? `${path}/` : path;
  const linkname = type === 'link' ? header.linkname.replace(/^\.\//, '') : header.linkname;
  return { name, mode, mtime, uid, gid, type, size, linkname };
}

/**
 * Writes the layers' tars as one, in their order, without holding more than a block of any in memory.
 * @throws KilnError `layers-clash` with every refused entry; `layer-damaged` when a tar's bytes are not those
 * of its digest. What was written by then must be thrown away.
 */
export async function mergeLayers(options: MergeOptions): Promise<Merged> {
  const [base] = options.layers;
  if (base === undefined) throw new Error('no layers to merge');
  const rules = new MergeRules(base.name, options.leftOut);
  const out = pack();
  const faults: Fault[] = [];
  let entries = 0;

  const readLayer = async (layer: MergeLayer): Promise<void> => {
    const reader = extract();
    const feeding = feed(layer.tar, reader, options.onRead);
    feeding.catch((error: unknown) => {
      reader.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    for await (const entry of reader) {
      const { header } = entry;
      const attributes = Object.keys(header.pax ?? {}).filter((key) => key.startsWith(ATTRIBUTE));
      const admission = rules.admit(layer.name, { ...header, attributes });
      if (admission.kind === 'keep') {
        await put(out, merged(header, admission.path), entry);
        entries += 1;
      } else if (admission.kind === 'fault') {
        faults.push(admission.fault);
        if (faults.length >= MOST_FAULTS) throw refused(faults);
        entry.resume();
      } else {
        const path = header.name.replace(/^\.\//, '');
        if (header.type === 'file' && options.leftOut.some((left) => path.startsWith(`${left}/`))) {
          await options.onLeftOut(path, entry as unknown as AsyncIterable<Uint8Array>);
        } else {
          entry.resume();
        }
      }
    }
    if ((await feeding) !== layer.digest) {
      throw layerDamaged(layer);
    }
  };

  const writing = drain(out, options.out);
  writing.catch(() => undefined);
  try {
    for (const layer of options.layers) await Promise.race([readLayer(layer), writing.then(() => undefined)]);
    for (const file of options.added) {
      const admission = rules.admit(options.layers.at(-1)?.name ?? base.name, {
        name: file.path,
        type: 'file',
        mode: 0o644,
        uid: 0,
        gid: 0,
        linkname: '',
        attributes: [],
      });
      if (admission.kind === 'fault') faults.push(admission.fault);
      out.entry(
        { name: file.path, mode: 0o644, uid: 0, gid: 0, mtime: new Date(options.epoch * 1000), type: 'file' },
        file.content,
      );
      entries += 1;
    }
    if (faults.length > 0) throw refused(faults);
    out.finalize();
    await writing;
  } catch (error) {
    out.destroy();
    await writing.catch(() => undefined);
    throw error;
  }
  return { entries, ownerOf: (path) => rules.ownerOf(path) };
}
