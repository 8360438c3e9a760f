import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import { Removal } from '../contracts/registry';
import { listImages, type Listing } from './catalogue';
import { readAllLogs } from './read-logs';
import { readPins, readUses } from './read-marks';
import { readIndex } from './documents';
import { listingIncomplete, noRegistry } from './errors';
import { planKeep, planMissing, type KeepPlan, type KeepPolicy } from './gc-plan';
import { alone } from './lease';
import type { RegistryHome } from './home';
import {
  CHUNKS,
  COMPRESSED,
  INDEX,
  RECORD,
  REMOVED,
  chunkOf,
  hexOf,
  imageFolder,
  inUseKey,
  pinKey,
} from './layout';

export interface CollectPlan extends KeepPlan {
  /** Images that were begun and never finished, longer ago than the policy's age. */
  readonly unfinished: readonly string[];
  /** Keys of chunks that no image needs then. */
  readonly chunks: readonly string[];
  /** Bytes of those. */
  readonly bytes: number;
  /** Bytes of the chunks that stay. */
  readonly keptBytes: number;
}

const isWhole = (listing: Listing): boolean => listing.has(RECORD) && !listing.has(REMOVED);

/**
 * Reads all that a clean-up looks at.
 * @throws KilnError `no-registry`, `registry-damaged`: of a damaged registry nothing is removed;
 * `registry-listing-incomplete` when a pin or a report of use names an image that was not listed (a channel's log
 * that does is damaged).
 */
export async function planCollect(home: RegistryHome, policy: KeepPolicy): Promise<CollectPlan> {
  if (!(await home.exists())) throw noRegistry(home.where);
  const folders = await listImages(home);
  const digests = [...folders].map(([hex, listing]) => ({ digest: `sha256:${hex}`, listing }));
  const known = new Set(digests.filter(({ listing }) => listing.has(RECORD)).map(({ digest }) => digest));
  const logs = await readAllLogs(home, (digest) => known.has(digest));
  const pins = await readPins(home);
  const uses = await readUses(home);
  const missing = planMissing(
    [
      ...pins.map(({ digest }) => ({ where: pinKey(digest), digest })),
      ...uses.map(({ reporter, digest }) => ({ where: inUseKey(reporter), digest })),
    ],
    (digest) => known.has(digest),
  );
  if (missing.length > 0) throw listingIncomplete(home.where, missing);
  const plan = planKeep(
    {
      images: digests
        .filter(({ listing }) => isWhole(listing))
        .map(({ digest, listing }) => ({ digest, storedAt: newest(listing) })),
      logs: [...logs.values()].flatMap((each) => [...each.values()]),
      pins: pins.map(({ digest }) => digest),
      uses,
    },
    policy,
  );
  const begun = digests.filter(({ listing }) => !isWhole(listing) && listing.has(INDEX));
  const unfinished = begun
    .filter(({ listing }) => policy.now - (listing.get(INDEX) ?? 0) >= policy.youngerThan)
    .map(({ digest }) => digest);
  const stay = [
    ...plan.keep.map(({ digest }) => digest),
    ...begun.map(({ digest }) => digest).filter((digest) => !unfinished.includes(digest)),
  ];
  const needed = new Set<string>();
  for (const digest of stay)
    for (const [, sha256] of (await readIndex(home, digest)).chunks) needed.add(sha256);
  const chunks: string[] = [];
  let [bytes, keptBytes] = [0, 0];
  for await (const { key, size } of home.walk(CHUNKS)) {
    const sha256 = chunkOf(key);
    if (sha256 === undefined) continue;
    if (needed.has(sha256)) keptBytes += size;
    else {
      chunks.push(key);
      bytes += size;
    }
  }
  return { ...plan, unfinished, chunks: chunks.sort(), bytes, keptBytes };
}

/** An image counts from when it was last stored; what was stored again has a younger index. */
const newest = (listing: Listing): number => Math.max(listing.get(RECORD) ?? 0, listing.get(INDEX) ?? 0);

/** What is removed of an image; its record, lock and verdicts stay for the history. */
const DISK_FILES = [INDEX, `${MANIFEST}${COMPRESSED}`];

/**
 * Removes what the plan says and what still may go: it is planned again while nobody writes. First an image is
 * said to be gone, then its files go, last the chunks; cut short, the next clean-up goes on.
 * @returns what was removed.
 * @throws KilnError `registry-busy`.
 */
export async function collect(
  home: RegistryHome,
  planned: CollectPlan,
  policy: KeepPolicy,
  who: { readonly by: string; readonly at: string; readonly cache: string },
  onRemoved: (count: number, total: number) => void = () => undefined,
): Promise<CollectPlan> {
  return await alone(home, 'removes what nothing reaches', async (check) => {
    const now = await planCollect(home, policy);
    const wanted = new Set([...planned.remove, ...planned.unfinished]);
    const remove = now.remove.filter((digest) => wanted.has(digest));
    const unfinished = now.unfinished.filter((digest) => wanted.has(digest));
    for (const digest of remove) {
      check();
      const { by, at } = who;
      const text = JSON.stringify(Removal.parse({ version: 1, digest, by, at }));
      await home.create(`${imageFolder(digest)}/${REMOVED}`, `${text}\n`);
    }
    await home.flush();
    for (const digest of [...remove, ...unfinished]) {
      check();
      for (const name of DISK_FILES) await home.remove(`${imageFolder(digest)}/${name}`);
      await rm(join(who.cache, 'images', hexOf(digest)), { recursive: true, force: true });
    }
    // Of images that were not in the plan that was shown the chunks stay, too.
    const left = await planCollect(home, { ...policy, youngerThan: Infinity });
    for (const [index, key] of left.chunks.entries()) {
      check();
      await home.remove(key);
      onRemoved(index + 1, left.chunks.length);
    }
    return { ...now, remove, unfinished, chunks: left.chunks, bytes: left.bytes, keptBytes: left.keptBytes };
  });
}
