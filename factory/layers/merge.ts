import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { pack } from 'tar-stream';
import type { LayerName } from '../contracts/layers';
import { KilnError, type Fault } from '../errors';
import { MergeRules } from './merge-rules';
import { tarMembers } from './tar';

export interface MergeLayer {
  readonly name: LayerName;
  readonly tar: string;
  /** sha256 of the tar, `sha256:…`. */
  readonly digest: string;
  /** File of the tar's bytes that are no file's content: without it the tar itself is read. */
  readonly headers?: string;
}

/** A small file made at assembly, owned by root, mode 0644. */
export interface AddedFile {
  readonly path: string;
  readonly content: string;
}

export interface MergeOptions {
  /** From the bottom up; each is gone through when it comes. */
  readonly layers: Iterable<MergeLayer> | AsyncIterable<MergeLayer>;
  /** Called when the first layer was gone through, with what was left out of it. */
  readonly onBase?: (leftOut: ReadonlyMap<string, FileContent>) => void;
  /** Files made at assembly of those layers. */
  readonly added: (layers: readonly MergeLayer[]) => readonly AddedFile[];
  /** Folders of the base layer whose files (boot loader's files) are collected, not merged. */
  readonly leftOut: readonly string[];
  /** Seconds: date of the added files. */
  readonly epoch: number;
  /** File to write: a tar of the names that are kept, with no content. */
  readonly names: string;
}

/** Where a file's bytes are. */
export interface FileContent {
  /** Index of the layer; those behind the last are the added files. */
  readonly layer: number;
  /** Byte of the layer's tar, or of the added file. */
  readonly at: number;
  /** Bytes, one at least. */
  readonly size: number;
}

export interface Merged {
  /** Files made at assembly. */
  readonly added: readonly AddedFile[];
  /** Number of entries kept. */
  readonly entries: number;
  /** The layer whose entry of that path was kept; undefined when there is none. */
  readonly ownerOf: (path: string) => LayerName | undefined;
  /** Of every file that is not empty; names of one file have one object. */
  readonly contents: ReadonlyMap<string, FileContent>;
  /** Of those that were left out. */
  readonly leftOut: ReadonlyMap<string, FileContent>;
  /** Of each layer, sha256 over the bytes of its tar that are no file's content: what was gone by. */
  readonly frames: readonly string[];
}

/** Refusals are shown together, up to so many. */
const MOST_FAULTS = 20;
/** Bytes of headers written at once. */
const BATCH = 1 << 20;

function refused(faults: readonly Fault[]): KilnError {
  return new KilnError({ code: 'layers-clash', what: 'the layers conflict', faults });
}

/** Collects small buffers to a file. */
class Batches {
  private readonly file: number;
  private readonly waiting: Buffer[] = [];
  private size = 0;

  constructor(path: string) {
    this.file = openSync(path, 'wx');
  }

  add(bytes: Buffer): void {
    this.waiting.push(bytes);
    this.size += bytes.length;
    if (this.size >= BATCH) this.flush();
  }

  flush(): void {
    const bytes = Buffer.concat(this.waiting.splice(0));
    this.size = 0;
    for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Headers of the added files, and a tar's end. */
async function endOfTar(added: readonly AddedFile[], epoch: number): Promise<Buffer> {
  const out = pack();
  for (const { path } of added)
    out.entry({ name: path, mode: 0o644, uid: 0, gid: 0, mtime: new Date(epoch * 1000), type: 'file' }, '');
  out.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of out as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * What the layers' tars are together, in their order, by their headers alone. Their contents are still to be
 * copied: only whoever reads a tar to its end knows whether it is the one that was built.
 * @throws KilnError `layers-clash` with every refused entry; Error for what is no tar.
 */
export async function mergeLayers(options: MergeOptions): Promise<Merged> {
  const layers: MergeLayer[] = [];
  const rules = new MergeRules(options.leftOut);
  const faults: Fault[] = [];
  const contents = new Map<string, FileContent>();
  const leftOut = new Map<string, FileContent>();
  const frames: string[] = [];
  let entries = 0;
  const names = new Batches(options.names);
  try {
    for await (const layer of options.layers) {
      const index = layers.push(layer) - 1;
      const frame = createHash('sha256');
      const members = tarMembers(
        layer.headers ?? layer.tar,
        (bytes) => frame.update(bytes),
        layer.headers === undefined ? 'with contents' : 'headers alone',
      );
      for (const member of members) {
        const admission = rules.admit(layer.name, member);
        const content = { layer: index, at: member.at, size: member.size };
        if (admission.kind === 'fault') {
          faults.push(admission.fault);
          if (faults.length >= MOST_FAULTS) throw refused(faults);
        } else if (admission.kind === 'keep') {
          names.add(member.headers);
          entries += 1;
          const same = admission.target === undefined ? undefined : contents.get(admission.target);
          if (member.size > 0) contents.set(admission.path, content);
          else if (same !== undefined) contents.set(admission.path, same);
        } else if (member.size > 0) {
          leftOut.set(member.name.replace(/^\.\//, ''), content);
        }
      }
      frames.push(frame.digest('hex'));
      if (index === 0) options.onBase?.(leftOut);
    }
    const last = layers.at(-1);
    if (last === undefined) throw new Error('no layers to merge');
    const added = options.added(layers);
    for (const [index, { path, content }] of added.entries()) {
      const admission = rules.admit(last.name, {
        name: path,
        type: 'file',
        mode: 0o644,
        uid: 0,
        gid: 0,
        linkname: '',
        attributes: [],
      });
      if (admission.kind === 'fault') faults.push(admission.fault);
      contents.set(path, { layer: layers.length + index, at: 0, size: Buffer.byteLength(content) });
      entries += 1;
    }
    if (faults.length > 0) throw refused(faults);
    names.add(await endOfTar(added, options.epoch));
    names.flush();
    return { added, entries, ownerOf: (path) => rules.ownerOf(path), contents, leftOut, frames };
  } finally {
    names.close();
  }
}
