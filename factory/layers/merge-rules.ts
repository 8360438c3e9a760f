import { defined } from '../defined';
import type { Fault } from '../errors';
import type { LayerName } from '../contracts/layers';

/** An entry of a layer's tar, as far as the rules look at it. */
export interface Entry {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkname: string | null | undefined;
  /** Extended attributes it carries. */
  readonly attributes: readonly string[];
}

export type Admission =
  /** `target`: of a hard link, the path that it is another name of. */
  | { readonly kind: 'keep'; readonly path: string; readonly target?: string }
  /** Known already, or not for the root partition. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'fault'; readonly fault: Fault };

const SETID = 0o6000;
const KINDS = new Set(['file', 'directory', 'symlink', 'link']);

/** `./a/b/` -> `a/b`, the root -> ``; undefined when the path could leave the tree. */
function normalised(name: string): string | undefined {
  const path = name.replace(/^\.(\/|$)/, '').replace(/\/$/, '');
  if (path === '') return '';
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  return path.split('/').some((part) => part === '' || part === '.' || part === '..') ? undefined : path;
}

/**
 * The one rule for putting layers together: the first layer brings the base; every other only adds. A
 * directory may be named again, nothing else may; so the order of entries within a layer, or of layers
 * that do not touch each other, changes nothing of the tree.
 */
export class MergeRules {
  private readonly owners = new Map<string, { readonly layer: LayerName; readonly type: string }>();

  /** The first layer that an entry comes from. */
  private base: LayerName | undefined;

  /** @param leftOut paths of the base (with all below) that do not go into the root partition. */
  constructor(private readonly leftOut: readonly string[] = []) {}

  /** The layer that brought the path; undefined for what was not kept. */
  ownerOf(path: string): LayerName | undefined {
    return this.owners.get(path)?.layer;
  }

  admit(layer: LayerName, entry: Entry): Admission {
    this.base ??= layer;
    const path = normalised(entry.name);
    const fault = (what: string, hint?: string): Admission => ({
      kind: 'fault',
      fault: { where: `layer ${layer}: ${entry.name}`, what, ...defined({ hint }) },
    });
    if (path === undefined) return fault('the path leads out of the image');
    if (!KINDS.has(entry.type))
      return fault(`a ${entry.type} cannot be in an image`, 'leave it to the running system: /dev, /run');
    if (entry.attributes.length > 0) {
      return fault(
        `extended attributes are not carried: ${entry.attributes.join(', ')}`,
        "use a unit's AmbientCapabilities= in place of file capabilities",
      );
    }
    if (layer !== this.base) {
      if (entry.uid !== 0 || entry.gid !== 0)
        return fault(`only layer ${this.base} may have files that root does not own`);
      if ((entry.mode & SETID) !== 0) return fault(`only layer ${this.base} may have set-id files`);
    }
    if (layer === this.base && this.leftOut.some((out) => path.startsWith(`${out}/`)))
      return { kind: 'skip' };
    const known = this.owners.get(path);
    if (known !== undefined) {
      if (known.type === 'directory' && entry.type === 'directory') return { kind: 'skip' };
      return known.type === 'symlink' && entry.type === 'directory'
        ? fault(`is a symbolic link in layer ${known.layer}`, 'put the files where the link leads')
        : fault(`is in layer ${known.layer} already`, 'a layer above another only adds files');
    }
    if (path !== '') {
      const slash = path.lastIndexOf('/');
      const parent = this.owners.get(slash === -1 ? '' : path.slice(0, slash));
      if (parent?.type !== 'directory') return fault('its folder is not a directory of the image');
    }
    let target: string | undefined;
    if (entry.type === 'link') {
      target = typeof entry.linkname === 'string' ? normalised(entry.linkname) : undefined;
      const owner = target === undefined ? undefined : this.owners.get(target);
      if (owner?.layer !== layer || owner.type === 'directory')
        return fault('is a hard link to a file that its layer does not have');
    }
    this.owners.set(path, { layer, type: entry.type });
    return { kind: 'keep', path, ...defined({ target }) };
  }
}
