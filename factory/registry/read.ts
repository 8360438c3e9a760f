import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest, Name } from '../contracts/digest';
import type { ChannelEntry } from '../contracts/channel';
import { Publication } from '../contracts/publication';
import { ImageRecord } from '../contracts/record';
import { Revocation } from '../contracts/registry';
import type { BucketRegistry } from '../contracts/spec';
import { defined } from '../defined';
import { KilnError } from '../errors';
import { findProject } from '../project';
import { listSync, readSync } from './directory';
import {
  channelEmpty,
  imageNotStored,
  imageRemoved,
  imageRevoked,
  noRegistry,
  registryDamaged,
} from './errors';
import { MARKER, PUBLICATIONS, RECORD, REMOVED, REVOKED, channelFolder, imageFolder } from './layout';
import { checkLog, headOf, parseOrThrow } from './log';
import { checkMarker } from './marker';
import { registrySettings } from './project';

/*
 * What a synth needs of a registry: a few small files, parsed strictly; no disk is hashed here (that
 * was done when it was stored). A synth is synchronous: a directory is read at once, a bucket by a child
 * process with a time limit (docs/decisions/bucket-at-synth.md).
 */

/** Where the app's images come from. */
export interface ProjectRegistry {
  /** Name of the project's image. */
  readonly image: string;
  /** Folder of the registry, absolute; of one in a bucket its address, s3://… */
  readonly registry: string;
  /** The same, relative to the project. */
  readonly registryPath: string;
  /** The bucket, where the registry is in one. */
  readonly bucket?: BucketRegistry;
  /** The project's folder, absolute. */
  readonly root: string;
  /** kiln's own folder, absolute. */
  readonly home: string;
  /** The user's cache, absolute. */
  readonly cache: string;
}

/** @throws KilnError `no-project`, `spec-invalid`. */
export function projectRegistry(from: string, env: NodeJS.ProcessEnv = process.env): ProjectRegistry {
  const project = findProject(from, env);
  const { image, registry, registryPath, bucket, root, cache } = registrySettings(project);
  return {
    image,
    registry,
    registryPath,
    ...defined({ bucket }),
    root,
    home: project.home,
    cache,
  };
}

export interface ResolvedImage {
  readonly digest: string;
  readonly record: ImageRecord;
  /** Where else it is, and was: what was recorded, in no order. */
  readonly publications: readonly Publication[];
}

const insist = (registry: string): void => {
  const marker = readSync(registry, MARKER);
  if (marker === undefined) throw noRegistry(registry);
  checkMarker(registry, marker);
};

/** @throws KilnError `registry-damaged` when the record is not this image's. */
export function checkRecord(digest: string, text: string): ImageRecord {
  const where = join(imageFolder(digest), RECORD);
  const record = parseOrThrow(ImageRecord, text, where);
  if (record.digest !== digest) throw registryDamaged([{ where, what: `is the record of ${record.digest}` }]);
  return record;
}

/** What a registry has of an image, as text; undefined for what it does not have. */
interface Found {
  readonly record: string | undefined;
  readonly removed: string | undefined;
  readonly revoked: string | undefined;
  /** File name and text of each. */
  readonly publications: readonly (readonly [string, string])[];
}

/**
 * Pure: an image that may be deployed.
 * @param channel through which it was found, for the way out.
 * @throws KilnError `image-not-stored`, `image-removed`, `image-revoked`, `registry-damaged`.
 */
export function checkImage(where: string, digest: string, found: Found, channel?: string): ResolvedImage {
  if (found.record === undefined) throw imageNotStored(digest, where);
  const record = checkRecord(digest, found.record);
  if (found.revoked !== undefined) {
    throw imageRevoked(
      digest,
      parseOrThrow(Revocation, found.revoked, join(imageFolder(digest), REVOKED)),
      channel,
    );
  }
  if (found.removed !== undefined) throw imageRemoved(digest, where);
  const publications = found.publications.map(([name, text]) =>
    parseOrThrow(Publication, text, join(imageFolder(digest), PUBLICATIONS, name)),
  );
  return { digest, record, publications };
}

/**
 * Pure: what a channel's log points at. @throws KilnError `channel-empty`.
 */
export function headOrThrow(log: readonly ChannelEntry[], image: string, channel: string): string {
  const head = headOf(log);
  if (head === undefined) throw channelEmpty(image, channel);
  return head;
}

/** Pure. @throws KilnError `registry-damaged` when a channel points at another image's. */
export function insistOnName(resolved: ResolvedImage, image: string, channel: string): ResolvedImage {
  if (resolved.record.image === image) return resolved;
  throw registryDamaged([
    { where: channelFolder(image, channel), what: `points at an image named ${resolved.record.image}` },
  ]);
}

function findSync(registry: string, digest: string): Found {
  const [record, removed, revoked] = [RECORD, REMOVED, REVOKED].map((name) =>
    readSync(registry, join(imageFolder(digest), name)),
  );
  const folder = join(imageFolder(digest), PUBLICATIONS);
  const publications = listSync(registry, folder).map(
    (name) => [name, readSync(registry, join(folder, name)) ?? ''] as const,
  );
  return { record, removed, revoked, publications };
}

/**
 * An image by its digest, from a registry in a directory.
 * @throws KilnError `no-registry`, and what checkImage throws.
 */
export function resolveDigest(registry: string, digest: string): ResolvedImage {
  insist(registry);
  return checkImage(registry, digest, findSync(registry, digest));
}

/**
 * A channel's log, oldest first, from a registry in a directory.
 * @throws KilnError `no-registry`, `registry-damaged`.
 */
export function readChannel(registry: string, image: string, channel: string): readonly ChannelEntry[] {
  insist(registry);
  const folder = channelFolder(image, channel);
  const files = listSync(registry, folder).map((name) => ({
    name,
    text: readSync(registry, join(folder, name)) ?? '',
  }));
  return checkLog(image, channel, files, (digest) => existsSync(join(registry, imageFolder(digest), RECORD)));
}

/**
 * The image that a channel points at, from a registry in a directory.
 * @throws KilnError `channel-empty` naming the command that fills it; and what resolveDigest throws.
 */
export function resolveChannel(registry: string, image: string, channel: string): ResolvedImage {
  const digest = headOrThrow(readChannel(registry, image, channel), image, channel);
  return insistOnName(checkImage(registry, digest, findSync(registry, digest), channel), image, channel);
}

/** An image by a channel of the project's image, or by its digest. */
export type Wanted = { readonly channel: string } | { readonly digest: string };

/** Milliseconds that a bucket has to answer a synth. */
const LIMIT = 60_000;

const Answer = z.union([
  z.strictObject({ digest: Digest, record: ImageRecord, publications: z.array(Publication) }),
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      faults: z.array(z.object({ where: z.string(), what: z.string(), hint: z.string().optional() })),
    }),
  }),
]);

const unanswered = (registry: string, what: string): KilnError =>
  new KilnError({
    code: 'registry-unanswered',
    what: `the registry at ${registry} could not be asked: ${what}`,
    hint: 'ask it by hand: kiln images',
  });

/** Asks a bucket in a process of its own. */
function askChild({ home, root, registry }: ProjectRegistry, wanted: Wanted): ResolvedImage {
  const words = 'channel' in wanted ? ['--channel', Name.parse(wanted.channel)] : ['--digest', wanted.digest];
  const child = spawnSync(join(home, 'bin', 'kiln'), ['resolve', ...words, '--json'], {
    cwd: root,
    env: { ...process.env, KILN_PROJECT: root },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    killSignal: 'SIGKILL',
  });
  if (child.error !== undefined) {
    const late = 'code' in child.error && child.error.code === 'ETIMEDOUT';
    throw unanswered(registry, late ? `no answer within ${LIMIT / 1000} s` : child.error.message);
  }
  let answer: z.infer<typeof Answer>;
  try {
    answer = Answer.parse(JSON.parse(child.stdout));
  } catch {
    throw unanswered(registry, child.stderr.trim() || `exit code ${String(child.status)}`);
  }
  if ('digest' in answer) return answer;
  const { code, message, hint, faults } = answer.error;
  throw new KilnError({
    code,
    what: message,
    exitCode: child.status === 1 ? 1 : child.status === 2 ? 2 : 3,
    ...defined({ hint }),
    faults: faults.map(({ where, what, hint: way }) => ({
      where,
      what,
      ...defined({ hint: way }),
    })),
  });
}

/** What one process was told already: every stack of an app sees the same image, whoever promotes meanwhile. */
const asked = new Map<string, ResolvedImage>();

/**
 * An image of the project's registry, wherever that is.
 * @throws KilnError what resolveChannel and resolveDigest throw; `registry-unanswered`, and the store's own.
 */
export function resolveImage(project: ProjectRegistry, wanted: Wanted): ResolvedImage {
  if (project.bucket === undefined) {
    return 'channel' in wanted
      ? resolveChannel(project.registry, project.image, wanted.channel)
      : resolveDigest(project.registry, wanted.digest);
  }
  const key = JSON.stringify([project.root, project.bucket, wanted]);
  const found = asked.get(key) ?? askChild(project, wanted);
  asked.set(key, found);
  return found;
}
