import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Entry } from './merge-rules';

/*
 * The members of a layer's tar, as factory/layers/archive.ts has GNU tar write it (posix.1-2001). Only headers are
 * read: tar-stream, which reads every byte, takes as long for the layers of an image as hashing them twice.
 */

const RECORD = 512;
/** Bytes read at once: headers between small files come along, and a disk is read from end to end where it can be. */
const WINDOW = 256 * 1024;
/** Keys of extended headers: what GNU tar writes for long or large values, and attributes, which no layer may have. */
const KNOWN = new Set(['path', 'linkpath', 'size', 'uid', 'gid']);
const ATTRIBUTE = /\.xattr\./;

const TYPES: Readonly<Record<string, string>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  checksum: [148, 8],
  linkname: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
const TYPE = 156;

/** A member; its headers are those of a file without content, for whoever wants names alone. */
export interface TarMember extends Entry {
  /** Bytes of its headers, with a size of 0. */
  readonly headers: Buffer;
  /** Byte of the tar where its content begins. */
  readonly at: number;
  /** Bytes of content; 0 for all but files. */
  readonly size: number;
}

const bytesOf = (header: Buffer, [at, length]: readonly [number, number]): Buffer =>
  header.subarray(at, at + length);

function text(header: Buffer, field: readonly [number, number]): string {
  const bytes = bytesOf(header, field);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

/** Digits with spaces or zero bytes around them. */
function octal(header: Buffer, [at, length]: readonly [number, number]): number {
  let value = 0;
  let ended = false;
  for (let index = at; index < at + length; index += 1) {
    const byte = header[index] ?? 0;
    if (byte === 0 || byte === 0x20) {
      ended ||= value > 0;
    } else if (byte < 0x30 || byte > 0x37 || ended) {
      throw new Error(`not a number in a tar header: ${text(header, [at, length])}`);
    } else {
      value = value * 8 + byte - 0x30;
    }
  }
  return value;
}

/** Sum of the header's bytes, those of its own field as spaces. */
function checksum(header: Buffer): number {
  const [at, length] = FIELD.checksum;
  let sum = length * 0x20;
  for (let index = 0; index < RECORD; index += 1) {
    if (index < at || index >= at + length) sum += header[index] ?? 0;
  }
  return sum;
}

interface Extended {
  readonly values: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
  /** Where the value of `size` stands in the block, if it is there. */
  readonly size: readonly [number, number] | undefined;
}
const NONE: Extended = { values: new Map(), keys: [], size: undefined };

/** Records `LENGTH KEY=VALUE\n`. */
function extended(block: Buffer): Extended {
  const values = new Map<string, string>();
  let size: Extended['size'];
  for (let at = 0; at < block.length;) {
    const space = block.indexOf(0x20, at);
    const length = Number(block.toString('latin1', at, space === -1 ? at : space));
    const equals = block.indexOf(0x3d, space);
    const end = at + length - 1;
    if (
      !Number.isSafeInteger(length) ||
      length < 5 ||
      equals <= space ||
      equals >= end ||
      block[end] !== 0x0a
    )
      throw new Error('a broken extended tar header');
    const key = block.toString('utf8', space + 1, equals);
    values.set(key, block.toString('utf8', equals + 1, end));
    if (key === 'size') size = [equals + 1, end - equals - 1];
    at += length;
  }
  return { values, keys: [...values.keys()], size };
}

/** The header with a size of 0, its checksum anew. */
function withoutSize(header: Buffer): void {
  const [at, length] = FIELD.size;
  header.fill(0x30, at, at + length - 1);
  header[at + length - 1] = 0;
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, FIELD.checksum[0], 'latin1');
}

/**
 * A tar's members in its order, reading no content.
 * @param between told every byte of the tar that is not content, in order.
 * @param kind `headers alone` for a file of what `between` was told once; places are still those in the tar.
 * @throws Error when it is no tar, or ends too early.
 */
export function* tarMembers(
  file: string,
  between: (bytes: Buffer) => void,
  kind: 'with contents' | 'headers alone' = 'with contents',
): Generator<TarMember> {
  const descriptor = openSync(file, 'r');
  try {
    let end = fstatSync(descriptor).size;
    /** Bytes of contents so far that the file does not have. */
    let absent = 0;
    let window = Buffer.alloc(WINDOW);
    let [first, last] = [0, 0];
    /** Bytes as they are in the window: gone with the next call. */
    const read = (byte: number, length: number): Buffer => {
      const at = byte - absent;
      if (byte + length > end) throw new Error(`${file} ends too early`);
      if (at < first || at + length > last) {
        if (length > window.length) window = Buffer.alloc(length);
        [first, last] = [at, at];
        while (last < at + length) {
          const got = readSync(descriptor, window, last - at, window.length - (last - at), last);
          if (got === 0) throw new Error(`${file} ends too early`);
          last += got;
        }
      }
      return window.subarray(at - first, at - first + length);
    };
    /** All before it was told, or is content. */
    let told = 0;
    const tell = (until: number): void => {
      while (told < until) {
        const length = Math.min(WINDOW, until - told);
        between(read(told, length));
        told += length;
      }
    };

    let from = 0;
    let more = NONE;
    for (let at = 0; at < end;) {
      const header = read(at, RECORD);
      // Records of zeros are the end.
      if (header[0] === 0 && header.every((byte) => byte === 0)) break;
      if (text(header, FIELD.magic) !== 'ustar' || checksum(header) !== octal(header, FIELD.checksum))
        throw new Error(`${file} has no tar header at byte ${String(at)}`);
      const typeflag = String.fromCharCode(header.readUInt8(TYPE));
      const number = (key: 'size' | 'uid' | 'gid'): number => {
        const long = more.values.get(key);
        const value = long === undefined ? octal(header, FIELD[key]) : Number(long);
        if (Number.isSafeInteger(value) && value >= 0) return value;
        throw new Error(`${file}: a member has the ${key} ${String(long)}`);
      };
      const size = number('size');
      if (typeflag === 'x') {
        more = extended(Buffer.from(read(at + RECORD, size)));
        at += RECORD + Math.ceil(size / RECORD) * RECORD;
        continue;
      }
      const type = TYPES[typeflag] ?? `member of type ${JSON.stringify(typeflag)}`;
      const prefix = text(header, FIELD.prefix);
      const name = text(header, FIELD.name);
      const member = {
        name: more.values.get('path') ?? (prefix === '' ? name : `${prefix}/${name}`),
        type,
        mode: octal(header, FIELD.mode) & 0o7777,
        uid: number('uid'),
        gid: number('gid'),
        linkname: more.values.get('linkpath') ?? text(header, FIELD.linkname),
        attributes: more.keys.filter((key) => ATTRIBUTE.test(key)),
      };
      const unknown = more.keys.find((key) => !KNOWN.has(key) && !ATTRIBUTE.test(key));
      if (unknown !== undefined) throw new Error(`${file}: ${member.name} has an extended header ${unknown}`);
      if (type !== 'file' && size > 0) throw new Error(`${file}: ${member.name} is no file and has content`);
      at += RECORD;
      tell(at);
      const headers = Buffer.from(read(from, at - from));
      if (more.size !== undefined)
        headers.fill(0x30, RECORD + more.size[0], RECORD + more.size[0] + more.size[1]);
      withoutSize(headers.subarray(-RECORD));
      yield { ...member, headers, at, size };
      told = at + size;
      if (kind === 'headers alone') {
        absent += size;
        end += size;
      }
      at += Math.ceil(size / RECORD) * RECORD;
      from = at;
      more = NONE;
    }
    if (told > end || more !== NONE) throw new Error(`${file} ends too early`);
    tell(end);
  } finally {
    closeSync(descriptor);
  }
}
