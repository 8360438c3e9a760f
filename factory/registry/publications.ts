import { z } from 'zod';
import { KilnError } from '../errors';
import type { RegistryHome } from './home';
import { PUBLICATIONS, imageFolder } from './layout';
import { parseOrThrow } from './log';

/*
 * Where else an image is: an AMI of a region, a boot resource of a MAAS. One document each, created once and never
 * replaced: what was published is a fact. What stands in one is its publisher's; see the schema handed over.
 */

/** `aws-eu-central-1`, `2026-11-24T12:00:00Z-published-ami-0abc`: what may stand in a file's name. */
const PublicationName = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9:._-]{0,178}[A-Za-z0-9])?$/,
    'must be 1 to 180 of A-Z, a-z, 0-9, :, ., _ and -',
  );

function keyOf(digest: string, name: string): string {
  const parsed = PublicationName.safeParse(name);
  if (parsed.success) return `${imageFolder(digest)}/${PUBLICATIONS}/${parsed.data}.json`;
  throw new KilnError({
    code: 'bad-name',
    what: `${JSON.stringify(name)} is no name of a publication: ${parsed.error.issues[0]?.message ?? ''}`,
    exitCode: 2,
  });
}

/** Names, sorted. */
export async function listPublications(home: RegistryHome, digest: string): Promise<readonly string[]> {
  const names = await home.list(`${imageFolder(digest)}/${PUBLICATIONS}`);
  return names.flatMap((name) => {
    const base = /^(.+)\.json$/.exec(name)?.[1];
    return base !== undefined && PublicationName.safeParse(base).success ? [base] : [];
  });
}

/**
 * @returns undefined when there is none of that name.
 * @throws KilnError `registry-damaged` when it is not what `schema` says; default: any JSON.
 */
export async function readPublication<T = unknown>(
  home: RegistryHome,
  digest: string,
  name: string,
  schema: z.ZodType<T> = z.unknown() as z.ZodType<T>,
): Promise<T | undefined> {
  const key = keyOf(digest, name);
  const text = await home.read(key);
  return text === undefined ? undefined : parseOrThrow(schema, text, key);
}

/** @returns false when there is one of that name already, which stays. */
export const createPublication = async (
  home: RegistryHome,
  digest: string,
  name: string,
  document: unknown,
): Promise<boolean> => home.create(keyOf(digest, name), `${JSON.stringify(document, null, 2)}\n`);
