import { KilnError } from '../errors';
import type { ChannelEntry } from '../contracts/channel';

/** `sha256:` and the first 12 hex digits: enough for people, and accepted by every command. */
export const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

export const noRegistry = (where: string): KilnError =>
  new KilnError({
    code: 'no-registry',
    what: `there is no registry at ${where}`,
    hint: 'make one: kiln registry init',
    exitCode: 2,
  });

/** An empty folder is more likely a disk that is not mounted than a place for a registry. */
export const noRegistryIn = (where: string, isFolder: boolean): KilnError =>
  new KilnError({
    code: 'no-registry',
    what: isFolder
      ? `the folder ${where} is empty: there is no registry in it`
      : `there is something other than a folder at ${where}, where factory.yaml has the registry`,
    hint: isFolder
      ? 'mount the disk that it is on; if there was never one, make it: kiln registry init'
      : 'move it away, or name another folder in factory.yaml: registry',
    exitCode: 2,
  });

/** Something in the registry is not what kiln writes there: nothing of it is used. */
export const registryDamaged = (faults: readonly { where: string; what: string }[]): KilnError =>
  new KilnError({
    code: 'registry-damaged',
    what: 'the registry holds what kiln did not write; nothing of it was used',
    hint: 'find out who changed it; an image can be stored again from its bake, a channel log only from a backup',
    faults,
  });

export const channelEmpty = (image: string, channel: string): KilnError =>
  new KilnError({
    code: 'channel-empty',
    what: `channel ${channel} of image ${image} points at nothing yet`,
    hint: `kiln images lists what there is; then: kiln promote IMAGE ${channel} --apply`,
    exitCode: 1,
  });

export const imageNotStored = (digest: string, where: string): KilnError =>
  new KilnError({
    code: 'image-not-stored',
    what: `image ${shortDigest(digest)} is not in the registry at ${where}`,
    hint: 'kiln images lists what there is',
    exitCode: 1,
  });

export const imageRemoved = (digest: string, where: string): KilnError =>
  new KilnError({
    code: 'image-removed',
    what: `the disk of image ${shortDigest(digest)} was removed from the registry at ${where} by kiln gc`,
    hint: 'kiln images lists what there is; a bake of its lock gives the same image again',
    exitCode: 1,
  });

/** @param channel the channel that points at it, where it was looked for by one. */
export const imageRevoked = (
  digest: string,
  { reason, by, at }: { readonly reason: string; readonly by: string; readonly at: string },
  channel?: string,
): KilnError =>
  new KilnError({
    code: 'image-revoked',
    what: `image ${shortDigest(digest)} was revoked by ${by} at ${at}: ${reason}`,
    hint:
      channel === undefined
        ? 'take another one: kiln images lists what there is'
        : `channel ${channel} has no good image: promote one, kiln promote IMAGE ${channel} --apply`,
    exitCode: 1,
  });

export const lostRace = (winner: ChannelEntry): KilnError =>
  new KilnError({
    code: 'channel-moved',
    what:
      `channel ${winner.channel} moved meanwhile: ${winner.by} put it on ${shortDigest(winner.digest)} ` +
      `(${winner.action}, entry ${String(winner.sequence)}, ${winner.at}); this command changed nothing`,
    hint: `look at what is there now: kiln history ${winner.channel}; then plan again`,
    exitCode: 1,
  });

export const digestDiffers = (file: string, expected: string, actual: string): KilnError =>
  new KilnError({
    code: 'digest-differs',
    what: `${file} is not the image it is recorded as: ${shortDigest(actual)}… instead of ${shortDigest(expected)}…`,
    hint: 'it was changed after the bake: remove its folder and bake again with kiln bake',
  });

/** @param missing documents of the registry, each with the image that it names and that was not listed. */
export const listingIncomplete = (
  where: string,
  missing: readonly { readonly where: string; readonly digest: string }[],
): KilnError =>
  new KilnError({
    code: 'registry-listing-incomplete',
    what: `the list of images in the registry at ${where} lacks images that it names elsewhere; nothing was removed`,
    hint:
      'look whether the registry is mounted and reached whole, and run it again; of an image that is really not ' +
      'there, store it again, or end what names it: kiln unpin, kiln in-use clear',
    faults: missing.map(({ where: document, digest }) => ({
      where: document,
      what: `names an image that was not listed: ${digest}`,
    })),
  });
