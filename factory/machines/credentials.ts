import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LaunchGroup } from '../contracts/launch';
import { KilnError, type Fault } from '../errors';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { SECRETS } from './cluster';

/** Name -> value, or that the cluster makes one of its own. */
type Values = ReadonlyMap<string, string | undefined>;

/**
 * Reads what is given by file.
 * @throws KilnError `credential-missing` with every file that is not there.
 */
export async function readCredentials(root: string, group: LaunchGroup): Promise<Values> {
  const values = new Map<string, string | undefined>();
  const faults: Fault[] = [];
  for (const [name, source] of Object.entries(group.credentials)) {
    if ('generate' in source) {
      values.set(name, undefined);
      continue;
    }
    const file = resolve(root, source.file);
    try {
      values.set(name, await readFile(file, 'utf8'));
    } catch {
      const store = file.startsWith(join(root, '.kiln', 'store'));
      faults.push({
        where: `credentials.${name}`,
        what: `${file} cannot be read`,
        hint: store ? 'start the object store first: kiln store up' : 'make the file, or name another one',
      });
    }
  }
  if (faults.length > 0) {
    throw new KilnError({
      code: 'credential-missing',
      what: `what the nodes of ${group.cluster} need is not there`,
      faults,
    });
  }
  return values;
}

/** Changes with any value given by file; a value that the cluster makes stays as long as the cluster. */
export function credentialsDigest(values: Values): string {
  const sorted = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, value ?? null]);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Puts the values into the sandbox's memory. @returns name -> file inside. */
export async function placeCredentials(
  sandbox: Sandbox,
  values: Values,
): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const [name, given] of values) {
    const file = join(SECRETS, name);
    const there = await sandbox.read(file);
    const value = given ?? there ?? randomBytes(32).toString('hex');
    if (value !== there) await sandbox.write(file, value);
    files[name] = file;
  }
  return files;
}
