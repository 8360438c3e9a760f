import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lock } from '../contracts/lock';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import type { CatalogueImage } from './catalogue';
import { readNamedFile } from './documents';
import { sha256Text } from './hash';
import type { RegistryHome } from './home';
import { IMAGES, RECORD, REMOVED, imageFolder, isHex } from './layout';
import { checkRecord } from './read';

/**
 * The lock that an image of the registry was baked from.
 * @returns undefined where it was stored without one.
 * @throws KilnError `registry-damaged`.
 */
async function lockText(home: RegistryHome, record: ImageRecord): Promise<string | undefined> {
  const content = await readNamedFile(home, record.digest, LOCK_COPY, record.lock);
  return content?.toString('utf8');
}

/** As `lockText`, parsed; undefined too for a lock of another kiln, which this one does not read. */
export async function storedLock(home: RegistryHome, record: ImageRecord): Promise<Lock | undefined> {
  return parsedLock(await lockText(home, record));
}

/** The lock of an image that is baked here or stored; undefined where it is not known. */
export async function lockOf(
  home: RegistryHome,
  { bake, stored, record }: CatalogueImage,
): Promise<Lock | undefined> {
  const here = bake === undefined ? undefined : join(bake, LOCK_COPY);
  if (here !== undefined && existsSync(here)) {
    const text = readFileSync(here);
    if (`sha256:${sha256Text(text)}` === record.lock) return parsedLock(text.toString('utf8'));
  }
  return stored ? await storedLock(home, record) : undefined;
}

function parsedLock(text: string | undefined): Lock | undefined {
  if (text === undefined) return undefined;
  try {
    return Lock.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The locks of all images whose disk is in the registry, of whatever name. */
export async function storedLocks(
  home: RegistryHome,
): Promise<readonly { readonly from: string; readonly text: string | undefined }[]> {
  const found: { from: string; text: string | undefined }[] = [];
  for (const hex of (await home.list(IMAGES)).filter(isHex)) {
    const folder = imageFolder(`sha256:${hex}`);
    const names = await home.list(folder);
    if (!names.includes(RECORD) || names.includes(REMOVED)) continue;
    const record = checkRecord(`sha256:${hex}`, (await home.read(`${folder}/${RECORD}`)) ?? '');
    found.push({ from: `${home.where}/${folder}`, text: await lockText(home, record) });
  }
  return found;
}
