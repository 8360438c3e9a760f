import pLimit from 'p-limit';
import type { ChannelEntry } from '../contracts/channel';
import type { Lock } from '../contracts/lock';
import { packageChanges, packagesOf, type NamedPackage, type PackageChange } from '../diff/packages';
import type { Catalogue } from './catalogue';
import type { RegistryHome } from './home';
import { lockOf, storedLock } from './locks';

/** An entry of a channel, with what it changed. */
export interface Change extends ChannelEntry {
  /** Where the channel pointed before; null for the first entry. */
  readonly from: string | null;
  /** Packages that differ from those before; null where a lock is not known, or for the first entry. */
  readonly packages: readonly PackageChange[] | null;
}

/** Locks read at a time. */
const READS = 8;

/** The locks of images, of removed ones too, each read once; undefined where it is not known. */
async function locksOf(
  home: RegistryHome,
  { images, removed }: Catalogue,
  digests: Iterable<string>,
): Promise<ReadonlyMap<string, Lock | undefined>> {
  const limit = pLimit(READS);
  const wanted = [...new Set(digests)];
  return new Map(
    await Promise.all(
      wanted.map((digest) =>
        limit(async () => {
          const image = images.find((each) => each.digest === digest);
          const record = removed.get(digest);
          if (image !== undefined) return [digest, await lockOf(home, image)] as const;
          return [digest, record === undefined ? undefined : await storedLock(home, record)] as const;
        }),
      ),
    ),
  );
}

/** The last entries of a channel, oldest first. */
export async function historyOf(
  home: RegistryHome,
  catalogue: Catalogue,
  log: readonly ChannelEntry[],
  last: number,
): Promise<readonly Change[]> {
  const first = Math.max(0, log.length - last);
  const locks = await locksOf(
    home,
    catalogue,
    log.slice(Math.max(0, first - 1)).map(({ digest }) => digest),
  );
  return log.slice(first).map((entry, index) => {
    const from = log[first + index - 1]?.digest ?? null;
    const [before, after] = [from === null ? undefined : locks.get(from), locks.get(entry.digest)];
    const known = before !== undefined && after !== undefined;
    return { ...entry, from, packages: known ? packageChanges(before, after) : null };
  });
}

/** Since when a channel has a package as it is now. */
export interface Blame {
  readonly channel: string;
  readonly package: NamedPackage;
  /** The entry that brought it as it is. */
  readonly since: ChannelEntry;
  /** What was there before; null when it was new, or the channel was. */
  readonly before: string | null;
  /** Entries before `since` whose lock is not known: it may have been so in them, too. */
  readonly unknown: boolean;
}

const sameAs = (one: NamedPackage, other: NamedPackage | undefined): boolean =>
  other !== undefined && one.sha256 === other.sha256;

/** Every package of that name in what a channel points at, with the entry that brought it. */
export async function blame(
  home: RegistryHome,
  catalogue: Catalogue,
  channel: string,
  name: string,
): Promise<readonly Blame[]> {
  const log = catalogue.logs.get(channel) ?? [];
  const head = log.at(-1);
  if (head === undefined) return [];
  const locks = await locksOf(
    home,
    catalogue,
    log.map(({ digest }) => digest),
  );
  const packages = new Map(
    [...locks].map(([digest, lock]) => [digest, lock === undefined ? undefined : packagesOf(lock)]),
  );
  const now = [...(packages.get(head.digest) ?? [])].filter(([, each]) => each.name === name);
  return now.map(([key, found]) => {
    let at = log.length - 1;
    while (at > 0 && sameAs(found, packages.get(log[at - 1]?.digest ?? '')?.get(key))) at -= 1;
    const before = packages.get(log[at - 1]?.digest ?? '');
    return {
      channel,
      package: found,
      since: log[at] ?? head,
      before: before?.get(key)?.version ?? null,
      unknown: at > 0 && before === undefined,
    };
  });
}
