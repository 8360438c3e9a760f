import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import { Verdict } from '../contracts/verdict';
import type { ChannelEntry } from '../contracts/channel';
import { KilnError } from '../errors';
import { listSync, readSync } from './directory';
import { noRegistry, registryDamaged, shortDigest } from './errors';
import { sha256Text } from './hash';
import type { ImageFiles, RegistryHome } from './home';
import { DISK, IMAGES, RECORD, VERDICTS, channelFolder, channelsFolder, imageFolder } from './layout';
import { checkLog, headOf, parseOrThrow } from './log';
import { checkRecord } from './read';

/** An image that this project has: baked here, stored in the registry, or both. */
export interface CatalogueImage {
  readonly digest: string;
  readonly record: ImageRecord;
  readonly verdicts: readonly Verdict[];
  /** Whether the registry has it. */
  readonly stored: boolean;
  /** Folder of its bake on this machine, where it is still there. */
  readonly bake: string | undefined;
  /** Channels that point at it now. */
  readonly channels: readonly string[];
}

export interface Catalogue {
  readonly images: readonly CatalogueImage[];
  /** Channel -> log, of this project's image. */
  readonly logs: ReadonlyMap<string, readonly ChannelEntry[]>;
}

const HEX = /^[0-9a-f]{64}$/;
const digestOf = (folder: string): string => `sha256:${folder}`;

function checkVerdict(digest: string, text: string, where: string): Verdict {
  const verdict = parseOrThrow(Verdict, text, where);
  if (verdict.digest !== digest)
    throw registryDamaged([{ where, what: `is a verdict on ${verdict.digest}` }]);
  return verdict;
}

/** What a bake left in `bakes`/<hex>; undefined when it is not there. */
function readBake(bakes: string, hex: string): { record: ImageRecord; files: ImageFiles } | undefined {
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

async function readStored(
  home: RegistryHome,
  digest: string,
): Promise<{ record: ImageRecord; verdicts: Verdict[] }> {
  const folder = imageFolder(digest);
  const text = await home.read(join(folder, RECORD));
  if (text === undefined) throw registryDamaged([{ where: join(folder, RECORD), what: 'is missing' }]);
  const verdicts: Verdict[] = [];
  for (const name of await home.list(join(folder, VERDICTS))) {
    const where = join(folder, VERDICTS, name);
    verdicts.push(checkVerdict(digest, (await home.read(where)) ?? '', where));
  }
  return { record: checkRecord(digest, text), verdicts };
}

async function readLog(
  home: RegistryHome,
  image: string,
  channel: string,
  isStored: (digest: string) => boolean,
): Promise<readonly ChannelEntry[]> {
  const folder = channelFolder(image, channel);
  const files = await Promise.all(
    (await home.list(folder)).map(async (name) => ({
      name,
      text: (await home.read(join(folder, name))) ?? '',
    })),
  );
  return checkLog(image, channel, files, isStored);
}

/**
 * Everything there is: the bakes in `bakes` (a folder) and the registry's images and channels. A
 * registry that was not made yet has nothing.
 * @throws KilnError `registry-damaged`.
 */
export async function readCatalogue(home: RegistryHome, image: string, bakes: string): Promise<Catalogue> {
  const storedNames = (await home.list(IMAGES)).filter((name) => HEX.test(name));
  const isStored = (digest: string): boolean => storedNames.includes(digest.slice('sha256:'.length));
  const logs = new Map<string, readonly ChannelEntry[]>();
  for (const channel of await home.list(channelsFolder(image))) {
    logs.set(channel, await readLog(home, image, channel, isStored));
  }
  const bakedNames = listSync(bakes, '.').filter((name) => HEX.test(name));
  const images: CatalogueImage[] = [];
  for (const hex of [...new Set([...storedNames, ...bakedNames])].sort()) {
    const digest = digestOf(hex);
    const stored = isStored(digest) ? await readStored(home, digest) : undefined;
    const baked = readBake(bakes, hex);
    const record = stored?.record ?? baked?.record;
    if (record === undefined) continue;
    const fresh = Object.values(baked?.files.verdicts ?? {}).map((text) => Verdict.parse(JSON.parse(text)));
    images.push({
      digest,
      record,
      verdicts: distinct([...(stored?.verdicts ?? []), ...fresh]),
      stored: stored !== undefined,
      bake: baked === undefined ? undefined : join(bakes, hex),
      channels: [...logs].filter(([, log]) => headOf(log) === digest).map(([channel]) => channel),
    });
  }
  return { images, logs };
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

/** The folder that has the image's disk and what stands beside it: of its bake here, else the registry's. */
export const imageFiles = (home: RegistryHome, { bake, digest }: CatalogueImage): string =>
  bake ?? join(home.where, imageFolder(digest));

/**
 * Puts a bake and its verdicts into the registry; of an image that is there already, only new verdicts.
 * @returns whether the disk was stored now.
 */
export async function storeBake(home: RegistryHome, image: CatalogueImage): Promise<boolean> {
  if (!(await home.exists())) throw noRegistry(home.where);
  if (image.bake === undefined) return false;
  const baked = readBake(join(image.bake, '..'), image.digest.slice('sha256:'.length));
  if (baked === undefined) return false;
  const stored = await home.storeImage(image.digest, join(image.bake, DISK), baked.files);
  if (!stored) {
    for (const [name, text] of Object.entries(baked.files.verdicts)) {
      await home.create(join(imageFolder(image.digest), VERDICTS, name), text);
    }
  }
  return stored;
}
