import { join } from 'node:path';
import { KilnError } from '../errors';
import type { LockPorts } from '../lock/make-lock';
import { openChannels } from '../ports/inputs/channels';
import { ContentStore } from '../files/content-store';
import { hostExec } from '../ports/machine/exec-host';
import { withLock } from '../files/lock';
import { hostHttp } from '../ports/inputs/http-host';
import { hostMirrors } from '../ports/inputs/mirrors-host';
import type { Project } from '../project';
import { readSpec } from '../spec/read';

/** The real world, for `kiln lock`. What it must download to know goes into the vault at once. */
export function openLockPorts(project: Project, step: (line: string) => void): LockPorts {
  const store = new ContentStore(join(project.cache, 'vault'));
  return {
    exec: hostExec,
    http: hostHttp,
    mirrors: hostMirrors(hostExec),
    channels: openChannels(project.root, readSpec(project).spec.conda.channels),
    step,
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
