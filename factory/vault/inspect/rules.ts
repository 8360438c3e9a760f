/** An archive's entry, as far as the rules look at it. */
export interface ArchiveEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'device' | 'other';
  /** Bytes of its content. */
  readonly size: number;
  /** Where a link leads. */
  readonly link?: string;
}

/** What an archive may not have, found before anything unpacks it. */
export class Refused extends Error {}

/** Entries of one archive; the largest that images are made of has a tenth of it. */
const MOST_ENTRIES = 1_000_000;
/** Bytes that any archive may unpack to, whatever its size: empty files compress well. */
const FREE = 16 * 1024 * 1024;
/** How often its own size an archive may unpack to: deflate's best on real files is a third of it. */
const RATIO = 100;

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Whether a path stays where it began when it is followed from a folder so many levels deep. */
function staysInside(path: string, depth: number): boolean {
  let level = depth;
  for (const part of parts(path)) {
    level += part === '..' ? -1 : 1;
    if (level < 0) return false;
  }
  return true;
}

/** Judges an archive entry by entry, in its order; the first that is refused ends it. */
export class ArchiveRules {
  private readonly seen = new Map<string, ArchiveEntry['type']>();
  private bytes = 0;

  constructor(
    /** Bytes of the file. */
    private readonly size: number,
    /** A package of the base system lies at the root of a tree: absolute links lead into the same tree. */
    private readonly rooted: boolean,
  ) {}

  admit(entry: ArchiveEntry): void {
    const { name, type } = entry;
    const path = parts(name);
    if (name.startsWith('/') || name.includes('\0') || path.includes('..'))
      throw new Refused(`${name}: the path leads out of the archive`);
    if (type === 'device' || type === 'other') throw new Refused(`${name}: is neither file, folder nor link`);

    this.bytes += entry.size;
    if (this.bytes > Math.max(FREE, RATIO * this.size))
      throw new Refused(`${name}: unpacks to more than ${RATIO} times the archive's size`);
    if (this.seen.size >= MOST_ENTRIES) throw new Refused(`has more than ${MOST_ENTRIES} entries`);

    const key = path.join('/');
    const before = this.seen.get(key);
    if (before !== undefined && !(before === 'directory' && type === 'directory'))
      throw new Refused(`${name}: is in the archive twice`);
    for (let end = 1; end < path.length; end += 1) {
      const parent = this.seen.get(path.slice(0, end).join('/'));
      if (parent !== undefined && parent !== 'directory')
        throw new Refused(`${name}: lies below a ${parent} of the same archive`);
    }
    if (type === 'symlink' && !this.rooted) {
      const link = entry.link ?? '';
      if (link.startsWith('/') || !staysInside(link, path.length - 1))
        throw new Refused(`${name}: links to ${link}, which is outside of the archive`);
    }
    if (type === 'link' && !this.seen.has(parts(entry.link ?? '').join('/')))
      throw new Refused(
        `${name}: is a hard link to ${entry.link ?? ''}, which is not in the archive before it`,
      );
    this.seen.set(key, type);
  }
}
