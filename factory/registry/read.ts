import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Digest } from '../contracts/digest';
import type { ChannelEntry } from '../contracts/channel';
import { ImageRecord } from '../contracts/record';
import { findProject } from '../project';
import { listSync, readSync } from './directory';
import { channelEmpty, imageNotStored, noRegistry, registryDamaged } from './errors';
import { MARKER, RECORD, channelFolder, imageFolder } from './layout';
import { checkLog, headOf, parseOrThrow } from './log';
import { registrySettings } from './project';

/*
 * What a synth needs of a registry: a few small files, parsed strictly; no disk is hashed here (that
 * was done when it was stored).
 */

/** Where the app's images come from. */
export interface ProjectRegistry {
  /** Name of the project's image. */
  readonly image: string;
  /** Folder of the registry, absolute. */
  readonly registry: string;
  /** The same, relative to the project. */
  readonly registryPath: string;
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
  const { image, registry, registryPath } = registrySettings(project);
  return { image, registry, registryPath, root: project.root, home: project.home, cache: project.cache };
}

export interface ResolvedImage {
  readonly digest: string;
  readonly record: ImageRecord;
}

const insist = (registry: string): void => {
  if (!existsSync(join(registry, MARKER))) throw noRegistry(registry);
};

/** @throws KilnError `registry-damaged` when the record is not this image's. */
export function checkRecord(digest: string, text: string): ImageRecord {
  const where = join(imageFolder(digest), RECORD);
  const record = parseOrThrow(ImageRecord, text, where);
  if (record.digest !== digest) throw registryDamaged([{ where, what: `is the record of ${record.digest}` }]);
  return record;
}

/**
 * An image by its digest.
 * @throws KilnError `no-registry`, `image-not-stored`, `registry-damaged`.
 */
export function resolveDigest(registry: string, digest: string): ResolvedImage {
  insist(registry);
  const text = readSync(registry, join(imageFolder(digest), RECORD));
  if (text === undefined) throw imageNotStored(digest, registry);
  return { digest, record: checkRecord(digest, text) };
}

/**
 * A channel's log, oldest first.
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
 * The image that a channel points at.
 * @throws KilnError `channel-empty` naming the command that fills it; `no-registry`, `registry-damaged`.
 */
export function resolveChannel(registry: string, image: string, channel: string): ResolvedImage {
  const head = headOf(readChannel(registry, image, channel));
  if (head === undefined) throw channelEmpty(image, channel);
  const resolved = resolveDigest(registry, Digest.parse(head));
  if (resolved.record.image !== image) {
    throw registryDamaged([
      { where: channelFolder(image, channel), what: `points at an image named ${resolved.record.image}` },
    ]);
  }
  return resolved;
}
