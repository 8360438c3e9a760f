import { noRegistry } from './errors';
import type { RegistryHome } from './home';
import { PUBLICATIONS, RECORD, REMOVED, REVOKED, channelFolder, imageFolder } from './layout';
import { checkLog } from './log';
import { checkImage, headOrThrow, insistOnName, type ResolvedImage, type Wanted } from './read';

async function find(home: RegistryHome, digest: string) {
  const [record, removed, revoked] = await Promise.all(
    [RECORD, REMOVED, REVOKED].map((name) => home.read(`${imageFolder(digest)}/${name}`)),
  );
  const folder = `${imageFolder(digest)}/${PUBLICATIONS}`;
  const publications = await Promise.all(
    (await home.list(folder)).map(
      async (name) => [name, (await home.read(`${folder}/${name}`)) ?? ''] as const,
    ),
  );
  return { record, removed, revoked, publications };
}

/** @throws KilnError `no-registry`, and what checkImage throws. */
export async function digestFrom(home: RegistryHome, digest: string): Promise<ResolvedImage> {
  if (!(await home.exists())) throw noRegistry(home.where);
  return checkImage(home.where, digest, await find(home, digest));
}

/**
 * As `resolveImage` at synth, from any home: only what this one image needs is read.
 * @throws KilnError `no-registry`, and what resolveChannel and resolveDigest throw.
 */
export async function resolveFrom(home: RegistryHome, image: string, wanted: Wanted): Promise<ResolvedImage> {
  if ('digest' in wanted) return await digestFrom(home, wanted.digest);
  if (!(await home.exists())) throw noRegistry(home.where);
  const { channel } = wanted;
  const folder = channelFolder(image, channel);
  const files = await Promise.all(
    (await home.list(folder)).map(async (name) => ({
      name,
      text: (await home.read(`${folder}/${name}`)) ?? '',
    })),
  );
  // Of the images before the present one nothing is asked here: a promotion does.
  const digest = headOrThrow(
    checkLog(image, channel, files, () => true),
    image,
    channel,
  );
  return insistOnName(checkImage(home.where, digest, await find(home, digest), channel), image, channel);
}
