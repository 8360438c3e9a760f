import { type ManifestEntry, manifestLine } from '../contracts/manifest';
import type { View } from '../recipes/declaration';
import { textDigest } from './tree-digest';

/**
 * The date of every file that is not dated by the lock: seconds, 2000-01-01. Whatever else changes, it does not, so that
 * a layer is the same bits as long as what it is made of is.
 */
export const FIXED_DATE = 946_684_800;

/** Matches a path that a pattern names, and all that is below it. */
function matcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const one = (pattern: string): string =>
    pattern
      .split('*')
      .map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('[^/]*');
  const any = new RegExp(`^(?:${patterns.map(one).join('|')})(?:/|$)`);
  return (path) => any.test(path);
}

/**
 * The date that a recipe finds: folders and links have none that means something, and what was dated by the layer's
 * epoch would be of another date after each resolution of the lock.
 */
const dated = (entry: ManifestEntry, epoch: number): ManifestEntry =>
  entry.type === 'file' && entry.time !== epoch ? entry : { ...entry, time: FIXED_DATE };

/**
 * The entries of a layer that a view shows, as a recipe finds them: what it names, and the folders that lead there.
 * @param all of its manifest.
 * @param epoch date of that layer's files, seconds.
 */
export function visibleEntries(
  all: readonly ManifestEntry[],
  view: Pick<View, 'only' | 'without'>,
  epoch: number,
): readonly ManifestEntry[] {
  const isHidden = matcher(view.without);
  const isNamed = view.only === undefined ? (): boolean => true : matcher(view.only);
  const shown = all.filter(({ path }) => isNamed(path) && !isHidden(path));
  const leading = new Set(['']);
  for (const { path } of shown)
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1))
      leading.add(path.slice(0, at));
  const known = new Set(shown);
  return all
    .filter((entry) => known.has(entry) || (entry.type === 'dir' && leading.has(entry.path)))
    .map((entry) => dated(entry, epoch));
}

/** sha256 over all that a recipe can see of a layer: paths, contents, links, modes, owners and dates; 64 hex digits. */
export const visibleDigest = (entries: readonly ManifestEntry[]): string =>
  textDigest(['kiln view 1', ...entries.map(manifestLine), ''].join('\n'));

/** Paths that are not the same in both, in their order. */
export function changedPaths(
  before: readonly ManifestEntry[],
  now: readonly ManifestEntry[],
): readonly string[] {
  const lines = (entries: readonly ManifestEntry[]): ReadonlyMap<string, string> =>
    new Map(entries.map((entry) => [entry.path, manifestLine(entry)]));
  const [was, is] = [lines(before), lines(now)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).sort();
}
