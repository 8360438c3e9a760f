import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import { InUse, Pin, Revocation } from '../contracts/registry';
import { Verdict } from '../contracts/verdict';
import type { ChannelEntry } from '../contracts/channel';
import { KilnError } from '../errors';
import type { FetchProgress } from '../progress';
import { listSync, readSync } from './directory';
import { noRegistry, registryDamaged, shortDigest } from './errors';
import { sha256Text } from './hash';
import type { RegistryHome } from './home';
import {
  CHANNELS,
  DISK,
  IMAGES,
  IN_USE,
  PINS,
  RECORD,
  REMOVED,
  REVOKED,
  VERDICTS,
  channelFolder,
  channelsFolder,
  imageFolder,
  isHex,
} from './layout';
import { checkLog, headOf, parseOrThrow } from './log';
import { materialise } from './materialise';
import type { RegistrySettings } from './project';
import { checkRecord } from './read';
import { storeImage, type ImageDocuments } from './store-image';

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

/** Documents read from a registry at a time. */
const READS = 16;

const digestOf = (folder: string): string => `sha256:${folder}`;

function checkVerdict(digest: string, text: string, where: string): Verdict {
  const verdict = parseOrThrow(Verdict, text, where);
  if (verdict.digest !== digest)
    throw registryDamaged([{ where, what: `is a verdict on ${verdict.digest}` }]);
  return verdict;
}

/** What a bake left in `bakes`/<hex>; undefined when it is not there. */
function readBake(bakes: string, hex: string): { record: ImageRecord; files: ImageDocuments } | undefined {
  const record = readSync(bakes, join(hex, RECORD));
  if (record === undefined) return undefined;
  const verdicts: Record<string, string> = {};
  for (const name of listSync(bakes, join(hex, VERDICTS)).filter((n) => n.endsWith('.json'))) {
    const text = readSync(bakes, join(hex, VERDICTS, name)) ?? '';
    const { kind } = checkVerdict(digestOf(hex), text, join(bakes, hex, VERDICTS, name));
    verdicts[`${kind}-${sha256Text(text).slice(0, 12)}.json`] = text;
  }
  const copies = Object.fromEntries(
    [LOCK_COPY, MANIFEST]
      .map((name) => [name, join(bakes, hex, name)] as const)
      .filter(([, path]) => existsSync(path)),
  );
  return { record: checkRecord(digestOf(hex), record), files: { record, verdicts, copies } };
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

/** @throws KilnError `registry-damaged` for one of another image. */
export async function readRevocation(home: RegistryHome, digest: string): Promise<Revocation | undefined> {
  const where = `${imageFolder(digest)}/${REVOKED}`;
  const text = await home.read(where);
  if (text === undefined) return undefined;
  const revoked = parseOrThrow(Revocation, text, where);
  if (revoked.digest !== digest) throw registryDamaged([{ where, what: `revokes ${revoked.digest}` }]);
  return revoked;
}

/** Every log of one image name: channel -> entries, oldest first. */
export async function readLogs(
  home: RegistryHome,
  image: string,
  isKnown: (digest: string) => boolean,
): Promise<ReadonlyMap<string, readonly ChannelEntry[]>> {
  const names = new Map<string, string[]>();
  for await (const { key } of home.walk(channelsFolder(image))) {
    const [, , channel = '', ...rest] = key.split('/');
    const list = names.get(channel) ?? [];
    list.push(rest.join('/'));
    names.set(channel, list);
  }
  const limit = pLimit(READS);
  const logs = new Map<string, readonly ChannelEntry[]>();
  for (const [channel, entries] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const folder = channelFolder(image, channel);
    const files = await Promise.all(
      entries.map((name) =>
        limit(async () => ({ name, text: (await home.read(`${folder}/${name}`)) ?? '' })),
      ),
    );
    logs.set(channel, checkLog(image, channel, files, isKnown));
  }
  return logs;
}

/** Every log there is: image name -> channel -> entries, oldest first. */
export async function readAllLogs(
  home: RegistryHome,
  isKnown: (digest: string) => boolean,
): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly ChannelEntry[]>>> {
  const all = new Map<string, ReadonlyMap<string, readonly ChannelEntry[]>>();
  for (const image of await home.list(CHANNELS)) all.set(image, await readLogs(home, image, isKnown));
  return all;
}

/** Pins or reports of use: every document of a folder, each of which must carry its file's name. */
async function readAll<T>(
  home: RegistryHome,
  folder: string,
  parse: (text: string, where: string) => T,
  nameOf: (document: T) => string,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (const name of await home.list(folder)) {
    const where = `${folder}/${name}`;
    const text = await home.read(where);
    if (text === undefined) continue;
    const document = parse(text, where);
    if (`${nameOf(document)}.json` !== name)
      throw registryDamaged([{ where, what: `is about ${nameOf(document)}` }]);
    found.push(document);
  }
  return found;
}

export const readPins = (home: RegistryHome): Promise<readonly Pin[]> =>
  readAll(
    home,
    PINS,
    (text, where) => parseOrThrow(Pin, text, where),
    ({ digest }) => digest.slice(7),
  );

export const readUses = (home: RegistryHome): Promise<readonly InUse[]> =>
  readAll(
    home,
    IN_USE,
    (text, where) => parseOrThrow(InUse, text, where),
    ({ reporter }) => reporter,
  );

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
      ...(storedAt === undefined ? {} : { storedAt }),
      bake: baked === undefined ? undefined : join(bakes, hex),
      channels: [...logs].filter(([, log]) => headOf(log) === digest).map(([channel]) => channel),
      ...(known?.revoked === undefined ? {} : { revoked: known.revoked }),
      ...(pin === undefined ? {} : { pin }),
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

/**
 * The image that a person named: a digest, a beginning of one that fits only one image (with or without
 * `sha256:`), or a channel. Nothing is guessed: what fits twice is refused.
 * @throws KilnError `unknown-image`, `ambiguous-image`, `channel-empty`.
 */
export function findImage(catalogue: Catalogue, name: string): CatalogueImage {
  const byChannel = headOf(catalogue.logs.get(name) ?? []);
  const prefix = name.startsWith('sha256:') ? name : `sha256:${name}`;
  const found = catalogue.images.filter(
    ({ digest }) => digest === byChannel || (prefix.length > 'sha256:'.length && digest.startsWith(prefix)),
  );
  const [image, another] = found;
  if (image === undefined) {
    throw new KilnError({
      code: 'unknown-image',
      what: `${name} is neither an image (a digest or its beginning) nor a channel that points at one`,
      hint: 'kiln images lists what there is',
      exitCode: 2,
    });
  }
  if (another !== undefined) {
    throw new KilnError({
      code: 'ambiguous-image',
      what: `${name} fits ${String(found.length)} images: ${found.map(({ digest }) => shortDigest(digest)).join(', ')}`,
      hint: 'give more of the digest',
      exitCode: 2,
    });
  }
  return image;
}

/** What long work on a registry tells of itself. */
export interface Telling {
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly onWait?: (what: string) => void;
}

/**
 * The folder that has the image's disk and what stands beside it: of its bake here, else made from the registry
 * (see materialise).
 */
export async function imageFiles(
  home: RegistryHome,
  { cache }: Pick<RegistrySettings, 'cache'>,
  { bake, record }: CatalogueImage,
  { onProgress }: Telling = {},
): Promise<string> {
  if (bake !== undefined && existsSync(join(bake, DISK))) return bake;
  return await materialise(home, record, { cache, ...(onProgress === undefined ? {} : { onProgress }) });
}

/**
 * Puts a bake and its verdicts into the registry; of an image that is there already, only new verdicts.
 * @returns whether the disk was stored now.
 * @throws KilnError `no-registry`, `digest-differs`.
 */
export async function storeBake(
  home: RegistryHome,
  image: CatalogueImage,
  telling: Telling = {},
): Promise<boolean> {
  if (!(await home.exists())) throw noRegistry(home.where);
  if (image.bake === undefined) return false;
  const bakes = join(image.bake, '..');
  const baked = readBake(bakes, image.digest.slice('sha256:'.length));
  if (baked === undefined) return false;
  const options = { scratch: join(bakes, '..'), ...telling };
  const stored = await storeImage(home, image.digest, join(image.bake, DISK), baked.files, options);
  if (!stored) {
    for (const [name, text] of Object.entries(baked.files.verdicts)) {
      await home.create(`${imageFolder(image.digest)}/${VERDICTS}/${name}`, text);
    }
  }
  return stored;
}
