import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** Renames a finished folder to its place; false when another came there first. */
export function moveIn(coming: string, place: string): boolean {
  try {
    renameSync(coming, place);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes a folder from its place into a work folder, which removes it: nobody ever sees half of it, whenever
 * the removal is cut short. Gone already is no error.
 */
export function moveAway(place: string, work: string): void {
  try {
    renameSync(place, join(work, `away-${randomBytes(6).toString('hex')}`));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
