import { join } from 'node:path';
import { withLock } from '../files/lock';
import type { Project } from '../project';

/**
 * One bake at a time in a project; another waits.
 * @param onWait told once who is at work, when somebody is.
 */
export async function withBakeLock<T>(
  project: Project,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const purpose = `bake since ${new Date().toISOString()}`;
  return await withLock(join(project.state, 'bake.lock'), purpose, work, onWait);
}
