import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import { Verdict } from '../contracts/verdict';
import { listSync, readSync } from './directory';
import { registryDamaged } from './errors';
import { sha256Text } from './hash';
import { RECORD, VERDICTS } from './layout';
import { parseOrThrow } from './log';
import { checkRecord } from './read';
import type { ImageDocuments } from './store-image';

/** Digest of the image whose folder has that name. */
export const digestOf = (folder: string): string => `sha256:${folder}`;

/** @throws KilnError `registry-damaged` for a verdict on another image. */
export function checkVerdict(digest: string, text: string, where: string): Verdict {
  const verdict = parseOrThrow(Verdict, text, where);
  if (verdict.digest !== digest)
    throw registryDamaged([{ where, what: `is a verdict on ${verdict.digest}` }]);
  return verdict;
}

/** What a bake left in `bakes`/<hex>; undefined when it is not there. */
export function readBake(
  bakes: string,
  hex: string,
): { record: ImageRecord; files: ImageDocuments } | undefined {
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
