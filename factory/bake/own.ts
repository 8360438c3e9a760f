import { statSync } from 'node:fs';
import { KilnError, type Fault } from '../errors';
import type { Project } from '../project';

/** Undefined when it is still to be made. What may not even be looked at is nobody's who asks. */
function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.uid;
  } catch {
    return -1;
  }
}

/**
 * A bake's folders are its user's own: the trees in the cache have owners as that user's namespace maps them,
 * and what another user wrote could neither be replaced nor removed.
 * @throws KilnError `not-yours` that names every folder of somebody else's.
 */
export function requireOwn(project: Project, user: number | undefined = process.getuid?.()): void {
  const faults: Fault[] = [];
  for (const [folder, hint] of [
    [project.cache, 'name another: KILN_CACHE=FOLDER; what it lacks is downloaded and built again'],
    [project.state, 'bake as its owner, in a copy of the project, or chown -R it'],
  ] as const) {
    const owner = ownerOf(folder);
    if (owner !== undefined && owner !== user) {
      faults.push({ where: folder, what: 'belongs to another user than the one who bakes', hint });
    }
  }
  if (faults.length > 0) {
    throw new KilnError({
      code: 'not-yours',
      what: 'the cache or state folder belongs to another user',
      faults,
    });
  }
}
