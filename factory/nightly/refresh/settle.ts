import type { Lock } from '../../contracts/lock';
import { serialise } from '../../lock/serialise';

const debsOf = (lock: Lock): string =>
  JSON.stringify(
    lock.inputs
      .filter(({ source }) => source === 'debian')
      .map(({ use, name, sha256 }) => [use, name, sha256]),
  );

/**
 * A lock's epoch is the time of the archive's newest index, which moves several times a day, and every layer is made
 * with it. Where no package moved, a night keeps the time of the lock it has: else every layer would be built again
 * for nothing.
 * @param known locks of before, the most important first.
 */
export function settled(lock: Lock, known: readonly Lock[]): Lock {
  const text = serialise({ ...lock, epoch: 1 });
  const same = known.find((each) => serialise({ ...each, epoch: 1 }) === text);
  if (same !== undefined) return same;
  const debs = debsOf(lock);
  const epoch = known.find((each) => debsOf(each) === debs && each.epoch <= lock.epoch)?.epoch;
  return epoch === undefined ? lock : { ...lock, epoch };
}
