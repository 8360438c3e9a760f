import type { ChannelEntry } from '../../../contracts/channel';
import type { Standing } from '../standing';

export interface Deprecation {
  readonly region: string;
  readonly ami: string;
  readonly digest: string;
  /** RFC 3339; undefined takes it back. */
  readonly from: string | undefined;
}

/** Milliseconds until a deprecation counts: AWS takes none that lies in the past, to the minute. */
const NOTICE = 10 * 60_000;

/**
 * AMIs go with the channels: an image that a channel pointed at and none points at any more is deprecated (whoever
 * has its AMI can go on using it; nobody finds it by search); one that a channel points at again no longer is.
 */
export function deprecations(
  standing: readonly Standing[],
  logs: ReadonlyMap<string, readonly ChannelEntry[]>,
  now: number,
): readonly Deprecation[] {
  const heads = new Set([...logs.values()].flatMap((log) => log.slice(-1)).map(({ digest }) => digest));
  const once = new Set([...logs.values()].flat().map(({ digest }) => digest));
  return standing.flatMap(
    ({ published: { region, ami, digest }, deprecatedFrom }): readonly Deprecation[] => {
      if (heads.has(digest))
        return deprecatedFrom === undefined ? [] : [{ region, ami, digest, from: undefined }];
      if (!once.has(digest) || deprecatedFrom !== undefined) return [];
      return [{ region, ami, digest, from: new Date(now + NOTICE).toISOString() }];
    },
  );
}
