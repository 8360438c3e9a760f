import { join } from 'node:path';
import { fileName, type Input } from '../contracts/lock';
import { KilnError } from '../errors';
import type { LockPorts } from '../lock/make-lock';
import { openChannels } from '../ports/inputs/channels';
import { hostExec } from '../ports/machine/exec-host';
import { withLock } from '../files/lock';
import { hostHttp } from '../ports/inputs/http-host';
import { hostMirrors } from '../ports/inputs/mirrors-host';
import { hostMaven } from '../ports/inputs/maven-host';
import type { Project } from '../project';
import { readSpec } from '../spec/read';
import { formatSize } from '../units';
import { openStore, openVault } from '../vault';
import { mavenHome } from './maven-program';

/** The real world, for `kiln lock`. What it must download to know goes into the vault at once. */
export function openLockPorts(project: Project, step: (line: string) => void): LockPorts {
  const store = openStore(project);
  const mirrors = hostMirrors(hostExec);
  const files = async (inputs: readonly Input[]): Promise<string[]> => {
    const vault = openVault(project);
    try {
      const missing = vault.missing(inputs);
      const [first] = missing;
      if (first !== undefined) {
        const size = formatSize(missing.reduce((sum, input) => sum + input.size, 0));
        const what = missing.length === 1 ? fileName(first) : `${String(missing.length)} files`;
        step(`fetching ${what}, ${size}, to look into ${missing.length === 1 ? 'it' : 'them'}`);
      }
      await vault.ensure(inputs);
      return inputs.map(({ sha256 }) => vault.path(sha256));
    } finally {
      await vault.close();
    }
  };
  const file = async (input: Input): Promise<string> => (await files([input]))[0] ?? '';
  return {
    exec: hostExec,
    http: hostHttp,
    mirrors,
    channels: openChannels(project.root, readSpec(project).spec.conda.channels),
    step,
    file,
    files,
    maven: hostMaven({
      exec: hostExec,
      base: () => mirrors.base('maven'),
      home: () => mavenHome(project, file),
      repository: join(project.cache, 'maven', 'repository'),
    }),
    keep: (name, chunks, sha1) =>
      withLock(
        store.lock,
        `downloads ${name}`,
        () =>
          store.add(`sha1-${sha1}`, chunks, Infinity, (got) => {
            if (got.sha1 === sha1) return;
            throw new KilnError({
              code: 'wrong-content',
              what: `${name}: the repository says sha1 ${sha1}, its file has ${got.sha1}`,
              hint: 'nothing of it was kept; try again, or another repository: KILN_MIRROR_MAVEN=ADDRESS kiln lock',
            });
          }),
        (holder) => {
          step(`waiting: ${holder}`);
        },
      ),
  };
}
