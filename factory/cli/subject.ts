import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../contracts/verdict';
import { type Subject, subjectAt } from '../verify/subject';

/** An image by its digest, the beginning of one, or a channel. */
async function byName(word: string): Promise<Subject> {
  const { openRegistry } = await import('../registry/open.js');
  const { findImage } = await import('../registry/find-image.js');
  const { imageFiles } = await import('../registry/image-files.js');
  const { readCatalogue } = await import('../registry/catalogue.js');
  const { imageFolder, VERDICTS } = await import('../registry/layout.js');
  const { sha256Text } = await import('../registry/hash.js');
  const { registryProgress } = await import('./registry-progress.js');
  const { verdictText } = await import('../verify/write.js');
  const { settings, home } = openRegistry();
  const found = findImage(await readCatalogue(home, settings.image, settings.bakes), word);
  const made = await imageFiles(home, settings, found, registryProgress('reading'));
  // What is found out of an image stands beside its bake, not in the cache.
  const folder = found.bake ?? join(settings.bakes, found.digest.slice('sha256:'.length));
  return {
    disk: join(made, 'image.raw'),
    record: found.record,
    folder,
    ...(found.stored
      ? {
          keep: async (verdict: Verdict): Promise<void> => {
            const text = verdictText(verdict);
            const name = `${verdict.kind}-${sha256Text(text).slice(0, 12)}.json`;
            await home.create(`${imageFolder(found.digest)}/${VERDICTS}/${name}`, text);
          },
        }
      : {}),
  };
}

/** An image by its path, its digest, the beginning of one, or a channel. */
export const findSubject = async (word: string): Promise<Subject> => subjectAt(word) ?? (await byName(word));

/** The kiln that verifies, which need not be the one that baked. */
export async function kilnVersion(home: string): Promise<string> {
  const { z } = await import('zod');
  const manifest: unknown = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}
