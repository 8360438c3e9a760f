import { InUse, Pin, Revocation } from '../contracts/registry';
import { registryDamaged } from './errors';
import type { RegistryHome } from './home';
import { IN_USE, PINS, REVOKED, imageFolder } from './layout';
import { parseOrThrow } from './log';

/** @throws KilnError `registry-damaged` for one of another image. */
export async function readRevocation(home: RegistryHome, digest: string): Promise<Revocation | undefined> {
  const where = `${imageFolder(digest)}/${REVOKED}`;
  const text = await home.read(where);
  if (text === undefined) return undefined;
  const revoked = parseOrThrow(Revocation, text, where);
  if (revoked.digest !== digest) throw registryDamaged([{ where, what: `revokes ${revoked.digest}` }]);
  return revoked;
}

/** Pins or reports of use: every document of a folder, each of which must carry its file's name. */
async function readAll<T>(
  home: RegistryHome,
  folder: string,
  parse: (text: string, where: string) => T,
  nameOf: (document: T) => string,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (const name of await home.list(folder)) {
    const where = `${folder}/${name}`;
    const text = await home.read(where);
    if (text === undefined) continue;
    const document = parse(text, where);
    if (`${nameOf(document)}.json` !== name)
      throw registryDamaged([{ where, what: `is about ${nameOf(document)}` }]);
    found.push(document);
  }
  return found;
}

export const readPins = (home: RegistryHome): Promise<readonly Pin[]> =>
  readAll(
    home,
    PINS,
    (text, where) => parseOrThrow(Pin, text, where),
    ({ digest }) => digest.slice(7),
  );

export const readUses = (home: RegistryHome): Promise<readonly InUse[]> =>
  readAll(
    home,
    IN_USE,
    (text, where) => parseOrThrow(InUse, text, where),
    ({ reporter }) => reporter,
  );
