import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Lock } from '../factory/contracts/lock';
import { fileSha256 } from '../factory/layers/tree-digest';
import { serialise } from '../factory/lock/serialise';
import { hostExec } from '../factory/ports/machine/exec-host';

/** Debian packages of spread sizes in the example's base, from ten files to hundreds. */
export const UPDATED = ['libssl3t64', 'openssh-server', 'tzdata', 'systemd', 'libpython3.13-stdlib'];
/** Bytes that every program and library of an updated package grows by. */
const GROWTH = 5 * 1024;
/** Seconds: the next night's indices are newer. */
const DAY = 86_400;

const ELF = Buffer.from('\x7fELF');

/**
 * What a night of updates does to a lock: five packages have other content, and the indices another date. Versions stay,
 * since other packages ask for exactly those.
 * @param cache whose vault has the inputs, and gets the new ones.
 * @param work an empty folder.
 */
export async function updateDebs(lockFile: string, cache: string, work: string): Promise<void> {
  const lock = Lock.parse(JSON.parse(readFileSync(lockFile, 'utf8')));
  const inVault = (sha256: string): string => join(cache, 'vault', sha256.slice(0, 2), sha256);
  const inputs = [];
  for (const input of lock.inputs) {
    if (input.use !== 'os' || !UPDATED.includes(input.name)) {
      inputs.push(input);
      continue;
    }
    const [tree, made] = [join(work, 'tree'), join(work, 'made.deb')];
    await hostExec.run('dpkg-deb', ['--raw-extract', inVault(input.sha256), tree]);
    for (const path of readdirSync(tree, { recursive: true, withFileTypes: true })) {
      const file = join(path.parentPath, path.name);
      if (path.isFile() && readFileSync(file).subarray(0, 4).equals(ELF))
        appendFileSync(file, Buffer.alloc(GROWTH));
    }
    // A package of data alone has no program; some packages have no folder of their own that is not a link.
    mkdirSync(join(tree, 'usr/share/updated'), { recursive: true });
    writeFileSync(join(tree, 'usr/share/updated', input.name), 'changed\n');
    await hostExec.run('dpkg-deb', ['--root-owner-group', '--build', tree, made]);
    const sha256 = await fileSha256(made);
    mkdirSync(join(inVault(sha256), '..'), { recursive: true });
    copyFileSync(made, inVault(sha256));
    inputs.push({ ...input, sha256, size: readFileSync(made).length });
    rmSync(tree, { recursive: true });
    rmSync(made);
  }
  const updated = inputs.filter((input, index) => input.sha256 !== lock.inputs[index]?.sha256);
  if (updated.length !== UPDATED.length)
    throw new Error(`the base does not have all of ${UPDATED.join(', ')}`);
  writeFileSync(lockFile, serialise({ ...lock, epoch: lock.epoch + DAY, inputs }));
}
