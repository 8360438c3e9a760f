import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ImageRecord } from '../contracts/record';
import { manifestLines } from '../layers/manifest';

/*
 * An image of the same name that was baked before, most of whose bytes the next one has at the same places: it is
 * read in place of layers' archives, and what was hashed of it is not hashed again (docs/decisions/previous-image.md).
 * It decides no byte: every content that is taken from it is compared with its sha256, and those with the layers'.
 */

/**
 * File beside an image: what its root file system has, and where on the disk; a line a content. An image that was
 * found to be damaged has none.
 */
export const CONTENTS = 'contents';

/** Bytes of one file or more. */
export interface OnDisk {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly size: number;
  /** First byte on the disk; that of a block. */
  readonly at: number;
}

export interface PreviousImage {
  readonly record: ImageRecord;
  readonly folder: string;
  readonly disk: string;
  /** sha256 -> where it is: once for each file of those bytes. */
  readonly contents: ReadonlyMap<string, readonly OnDisk[]>;
}

export const contentsText = (contents: Iterable<OnDisk>): string =>
  [...contents].map(({ sha256, size, at }) => `${sha256} ${String(size)} ${String(at)}\n`).join('');

function parseContents(text: string): Map<string, OnDisk[]> | undefined {
  const contents = new Map<string, OnDisk[]>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, sha256 = '', size = '', at = ''] = /^([0-9a-f]{64}) (\d{1,15}) (\d{1,15})$/.exec(line) ?? [];
    if (at === '') return undefined;
    const place = { sha256, size: Number(size), at: Number(at) };
    const others = contents.get(sha256);
    if (others === undefined) contents.set(sha256, [place]);
    else others.push(place);
  }
  return contents;
}

function open(folder: string): PreviousImage | undefined {
  try {
    const record = ImageRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
    const disk = join(folder, 'image.raw');
    if (statSync(disk).size !== record.size) return undefined;
    const contents = parseContents(readFileSync(join(folder, CONTENTS), 'utf8'));
    return contents === undefined ? undefined : { record, folder, disk, contents };
  } catch {
    // It is a shortcut: without it all is read from the layers.
    return undefined;
  }
}

/**
 * The image that was baked last under that name.
 * @param images folder of folders.
 */
export function findPreviousImage(images: string, image: string): PreviousImage | undefined {
  const folders = readdirSync(images)
    .map((name) => join(images, name))
    .filter((folder) => existsSync(join(folder, CONTENTS)))
    .map((folder) => ({ folder, since: statSync(join(folder, CONTENTS)).mtimeMs }))
    .sort((a, b) => b.since - a.since);
  for (const { folder } of folders) {
    const previous = open(folder);
    if (previous?.record.image === image) return previous;
  }
  return undefined;
}

/** Path -> content, of each file that is not empty. */
export type Contents = ReadonlyMap<string, { readonly sha256: string; readonly size: number }>;

/** @param manifest the text of a layer's. */
export function contentsOf(manifest: string): Contents {
  const found = new Map<string, { readonly sha256: string; readonly size: number }>();
  for (const { entry } of manifestLines(manifest))
    if (entry.type === 'file' && entry.size > 0)
      found.set(entry.path, { sha256: entry.sha256, size: entry.size });
  return found;
}

/** Whether the previous image has every one of them. */
export const hasAll = (
  previous: PreviousImage,
  contents: Iterable<{ readonly sha256: string; readonly size: number }>,
): boolean => {
  for (const { sha256, size } of contents)
    if (previous.contents.get(sha256)?.[0]?.size !== size) return false;
  return true;
};
