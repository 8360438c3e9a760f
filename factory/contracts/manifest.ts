/*
 * files.mtree: every path of a layer or of an image's root file system, in the words of mtree(5), so that
 * bsdtar, mtree(8) and people read it as well. One line a path, in the order of the tar. No clock time but
 * the files' own, which the epoch bounds.
 */

interface Common {
  /** Relative to the root, without a leading slash; the root itself is ``. */
  readonly path: string;
  /** Permission bits, set-id and sticky included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly time: number;
}

/** A hard link stands as the file that it is a name of. */
export type ManifestEntry = Common &
  (
    | { readonly type: 'dir' }
    /** Size in bytes; sha256 as 64 hex digits. */
    | { readonly type: 'file'; readonly size: number; readonly sha256: string }
    /** Where the symbolic link leads. */
    | { readonly type: 'link'; readonly link: string }
  );

/** First line of the file; what follows a `#` is a comment. */
export const MANIFEST_HEADER = '#mtree';
/** Name of the file beside a layer's tar and beside an image. */
export const MANIFEST = 'files.mtree';

const PLAIN = /^[!"$-<>-[\]-~]*$/;

/** vis(3) as mtree uses it: whatever is not plain visible ASCII, `#`, `=` and `\` as octal bytes. */
function escape(text: string): string {
  if (PLAIN.test(text)) return text;
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return PLAIN.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
    })
    .join('');
}

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') {
      bytes.push(parseInt(text.slice(at + 1, at + 4), 8));
      at += 3;
    } else {
      bytes.push(text.charCodeAt(at));
    }
  }
  return Buffer.from(bytes).toString();
}

/** The entry as a line, without the line's end. */
export function manifestLine(entry: ManifestEntry): string {
  const common = [
    entry.path === '' ? '.' : `./${escape(entry.path)}`,
    `type=${entry.type}`,
    `mode=${entry.mode.toString(8).padStart(4, '0')}`,
    `uid=${String(entry.uid)}`,
    `gid=${String(entry.gid)}`,
    `time=${String(entry.time)}.0`,
  ];
  switch (entry.type) {
    case 'file':
      return [...common, `size=${String(entry.size)}`, `sha256digest=${entry.sha256}`].join(' ');
    case 'link':
      return [...common, `link=${escape(entry.link)}`].join(' ');
    case 'dir':
      return common.join(' ');
  }
}

/** One expression for the whole: an image has tens of thousands of lines. */
const LINE = new RegExp(
  [
    String.raw`^\.(?:/([^ ]+))? type=(dir|file|link) mode=([0-7]+) uid=(\d+) gid=(\d+)`,
    String.raw`time=(\d+)\.0(?: size=(\d+) sha256digest=([0-9a-f]{64})| link=([^ ]*))?$`,
  ].join(' '),
);

/**
 * The entry of a line that manifestLine wrote; undefined for a comment or an empty line.
 * @throws Error for any other text: a manifest is written by kiln and bound by its digest.
 */
export function parseManifestLine(line: string): ManifestEntry | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const [, path = '', type, mode = '', uid, gid, time, size, sha256, link] = LINE.exec(line) ?? [];
  const common: Common = {
    path: unescape(path),
    mode: parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    time: Number(time),
  };
  if (type === 'dir' && size === undefined && link === undefined) return { ...common, type };
  if (type === 'file' && size !== undefined && sha256 !== undefined)
    return { ...common, type, size: Number(size), sha256 };
  if (type === 'link' && link !== undefined) return { ...common, type, link: unescape(link) };
  throw new Error(`not a line of ${MANIFEST}: ${line}`);
}
