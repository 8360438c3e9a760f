import { type ManifestEntry } from '../contracts/manifest';
import { readManifest } from '../layers/manifest';

/** One way in which a path of two layers is not the same. */
export interface Difference {
  readonly path: string;
  readonly what:
    | 'only in the first'
    | 'only in the second'
    | 'kind'
    | 'content'
    | 'link'
    | 'mode'
    | 'owner'
    | 'time'
    | 'order';
  /** Both sides, as a person would say them. */
  readonly detail: string;
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const when = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** All ways in which two entries of one path differ. */
function entryDifferences(a: ManifestEntry, b: ManifestEntry): readonly Difference[] {
  const found: Difference[] = [];
  const note = (what: Difference['what'], one: string, two: string): void => {
    if (one !== two) found.push({ path: `/${b.path}`, what, detail: `${one}, then ${two}` });
  };
  note('kind', a.type, b.type);
  if (a.type === 'file' && b.type === 'file' && a.sha256 !== b.sha256) {
    found.push({
      path: `/${b.path}`,
      what: 'content',
      detail: `${String(a.size)} bytes of sha256 ${a.sha256.slice(0, 12)}, then ${String(b.size)} of ${b.sha256.slice(0, 12)}`,
    });
  }
  if (a.type === 'link' && b.type === 'link') note('link', a.link, b.link);
  note('mode', octal(a.mode), octal(b.mode));
  note('owner', `${String(a.uid)}:${String(a.gid)}`, `${String(b.uid)}:${String(b.gid)}`);
  note('time', when(a.time), when(b.time));
  return found;
}

/** What differs between two layers, by their manifests, in the order of the second. */
export async function layerDifferences(first: string, second: string): Promise<readonly Difference[]> {
  const left = new Map<string, ManifestEntry>();
  for await (const entry of readManifest(first)) left.set(entry.path, entry);
  const found: Difference[] = [];
  for await (const entry of readManifest(second)) {
    const was = left.get(entry.path);
    left.delete(entry.path);
    if (was === undefined)
      found.push({ path: `/${entry.path}`, what: 'only in the second', detail: entry.type });
    else found.push(...entryDifferences(was, entry));
  }
  for (const entry of left.values())
    found.push({ path: `/${entry.path}`, what: 'only in the first', detail: entry.type });
  return found;
}

/** The first byte at which two contents part, with a few bytes of each; undefined when they do not. */
export function firstDifference(a: Buffer, b: Buffer): string | undefined {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at += 1;
  if (at === length && a.length === b.length) return undefined;
  const from = Math.max(0, at - 16);
  const show = (content: Buffer): string =>
    JSON.stringify(content.subarray(from, at + 24).toString('latin1'));
  return `from byte ${String(at)}: ${show(a)}, then ${show(b)}`;
}
