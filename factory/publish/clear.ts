import { listImages } from '../registry/catalogue';
import { readAllLogs } from '../registry/read-logs';
import type { RegistryHome } from '../registry/home';
import { PUBLICATIONS, REMOVED, hexOf } from '../registry/layout';
import type { Withdrawal } from './platform';
import { PLATFORMS } from './platforms';
import { planWithdrawal } from './withdrawal';

/**
 * What stands on any platform of images that the registry no longer has, or will not have: of those that a clean-up
 * removes, and of those that an earlier one removed without. Of an image that a channel points at nothing goes. Reads
 * the registry alone.
 * @param removing digests that a clean-up is about to remove.
 * @throws KilnError `registry-damaged`.
 */
export async function planClearance(
  home: RegistryHome,
  removing: readonly string[] = [],
): Promise<readonly Withdrawal[]> {
  const folders = await listImages(home);
  const logs = await readAllLogs(home, (digest) => folders.has(hexOf(digest)));
  const all = [...logs.values()].flatMap((each) => [...each]);
  const pointedAt = new Set(all.map(([, log]) => log.at(-1)?.digest));
  const gone = [...folders]
    .map(([hex, listing]) => ({ digest: `sha256:${hex}`, listing }))
    .filter(
      ({ digest, listing }) =>
        (listing.has(REMOVED) || removing.includes(digest)) &&
        !pointedAt.has(digest) &&
        [...listing.keys()].some((key) => key.startsWith(`${PUBLICATIONS}/`)),
    );
  const plans: Withdrawal[] = [];
  // None of them is what a channel points at, so that no log is asked again.
  if (gone.length === 0) return plans;
  for (const declared of Object.values(PLATFORMS)) {
    const platform = await declared.load();
    for (const { digest } of gone) plans.push(...(await planWithdrawal(home, digest, new Map(), platform)));
  }
  return plans;
}
