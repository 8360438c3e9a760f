import { join } from 'node:path';
import pLimit from 'p-limit';
import type { ImageRecord } from '../contracts/record';
import type { InUse, Pin, Revocation } from '../contracts/registry';
import { Verdict } from '../contracts/verdict';
import type { ChannelEntry } from '../contracts/channel';
import { defined } from '../defined';
import { checkVerdict, digestOf, readBake } from './bakes';
import { listSync } from './directory';
import { registryDamaged } from './errors';
import type { RegistryHome } from './home';
import { IMAGES, RECORD, REMOVED, REVOKED, VERDICTS, imageFolder, isHex } from './layout';
import { headOf } from './log';
import { checkRecord } from './read';
import { READS, readLogs } from './read-logs';
import { readPins, readRevocation, readUses } from './read-marks';

/** An image that this project has: baked here, stored in the registry, or both. */
export interface CatalogueImage {
  readonly digest: string;
  readonly record: ImageRecord;
  readonly verdicts: readonly Verdict[];
  /** Whether the registry has it. */
  readonly stored: boolean;
  /** When it was stored, by the registry's clock: milliseconds since the epoch. */
  readonly storedAt?: number;
  /** Folder of its bake on this machine, where it is still there. */
  readonly bake: string | undefined;
  /** Channels that point at it now. */
  readonly channels: readonly string[];
  readonly revoked?: Revocation;
  readonly pin?: Pin;
  /** Machines that were reported to boot from it. */
  readonly uses?: readonly InUse[];
}

export interface Catalogue {
  readonly images: readonly CatalogueImage[];
  /** Channel -> log, of this project's image. */
  readonly logs: ReadonlyMap<string, readonly ChannelEntry[]>;
  /** Images whose disk `kiln gc` removed: digest -> record. */
  readonly removed: ReadonlyMap<string, ImageRecord>;
}

/** What stands in an image's folder: key below it -> when it was written. */
export type Listing = ReadonlyMap<string, number>;

/** The folders of images, each with what is in it, from one listing. */
export async function listImages(home: RegistryHome): Promise<ReadonlyMap<string, Listing>> {
  const found = new Map<string, Map<string, number>>();
  for await (const { key, modified } of home.walk(IMAGES)) {
    const [, hex = '', ...rest] = key.split('/');
    if (!isHex(hex)) continue;
    const listing = found.get(hex) ?? new Map<string, number>();
    listing.set(rest.join('/'), modified);
    found.set(hex, listing);
  }
  return found;
}

/** Reads a document that was listed a moment ago. */
async function readListed(home: RegistryHome, where: string): Promise<string> {
  const text = await home.read(where);
  if (text === undefined) throw registryDamaged([{ where, what: 'is missing' }]);
  return text;
}

interface StoredFacts {
  readonly record: ImageRecord;
  readonly verdicts: readonly Verdict[];
  readonly revoked: Revocation | undefined;
}

async function readStored(home: RegistryHome, digest: string, listing: Listing): Promise<StoredFacts> {
  const folder = imageFolder(digest);
  const record = checkRecord(digest, await readListed(home, `${folder}/${RECORD}`));
  const verdicts: Verdict[] = [];
  for (const name of [...listing.keys()].filter((key) => key.startsWith(`${VERDICTS}/`)).sort()) {
    const where = `${folder}/${name}`;
    verdicts.push(checkVerdict(digest, await readListed(home, where), where));
  }
  const revoked = listing.has(REVOKED) ? await readRevocation(home, digest) : undefined;
  return { record, verdicts, revoked };
}

/**
 * Everything there is: the bakes in `bakes` (a folder) and the registry's images and channels. A
 * registry that was not made yet has nothing.
 * @throws KilnError `registry-damaged`, `registry-version`.
 */
export async function readCatalogue(home: RegistryHome, image: string, bakes: string): Promise<Catalogue> {
  const folders = (await home.exists()) ? await listImages(home) : new Map<string, Listing>();
  const recorded = [...folders].filter(([, listing]) => listing.has(RECORD)).map(([hex]) => hex);
  const logs = await readLogs(home, image, (digest) => recorded.includes(digest.slice('sha256:'.length)));
  const limit = pLimit(READS);
  const facts = new Map(
    await Promise.all(
      recorded.map((hex) =>
        limit(
          async () =>
            [
              hex,
              await readStored(home, digestOf(hex), folders.get(hex) ?? new Map<string, number>()),
            ] as const,
        ),
      ),
    ),
  );
  const isStored = (hex: string): boolean => facts.has(hex) && folders.get(hex)?.has(REMOVED) !== true;
  const [pins, uses] = [await readPins(home), await readUses(home)];
  const bakedNames = listSync(bakes, '.').filter(isHex);
  const images: CatalogueImage[] = [];
  for (const hex of [...new Set([...recorded.filter(isStored), ...bakedNames])].sort()) {
    const digest = digestOf(hex);
    const known = facts.get(hex);
    const baked = readBake(bakes, hex);
    const record = known?.record ?? baked?.record;
    if (record === undefined) continue;
    const fresh = Object.values(baked?.files.verdicts ?? {}).map((text) => Verdict.parse(JSON.parse(text)));
    const storedAt = isStored(hex) ? folders.get(hex)?.get(RECORD) : undefined;
    const pin = pins.find((each) => each.digest === digest);
    images.push({
      digest,
      record,
      verdicts: distinct([...(known?.verdicts ?? []), ...fresh]),
      stored: isStored(hex),
      ...defined({ storedAt }),
      bake: baked === undefined ? undefined : join(bakes, hex),
      channels: [...logs].filter(([, log]) => headOf(log) === digest).map(([channel]) => channel),
      ...defined({ revoked: known?.revoked, pin }),
      uses: uses.filter((use) => use.digest === digest),
    });
  }
  const removed = new Map(
    [...facts].filter(([hex]) => !isStored(hex)).map(([hex, { record }]) => [digestOf(hex), record]),
  );
  return { images, logs, removed };
}

const distinct = (verdicts: readonly Verdict[]): readonly Verdict[] => [
  ...new Map(verdicts.map((verdict) => [JSON.stringify(verdict), verdict])).values(),
];
