import type { ChannelEntry } from '../../../contracts/channel';
import type { SnapshotInfo } from '../api/ec2-images';
import type { Standing } from '../standing';

/** Whose snapshot only the difference has to be sent to. */
export interface Parent {
  readonly digest: string;
  readonly snapshot: string;
  /** GiB. */
  readonly volumeSize: number;
  /** ARN; undefined when it is not encrypted. */
  readonly kmsKey: string | undefined;
}

export interface ParentQuestion {
  readonly digest: string;
  /** GiB. */
  readonly volumeSize: number;
  /** Every channel's log, oldest entry first. */
  readonly logs: ReadonlyMap<string, readonly ChannelEntry[]>;
  /** What stands in the region, of all images, oldest first. */
  readonly standing: readonly Standing[];
  /** Snapshots that AWS has there. */
  readonly snapshots: readonly SnapshotInfo[];
  /** ARN of the key asked for. */
  readonly kmsKey: string | undefined;
  readonly encryptedByDefault: boolean;
  /** Whether the disk of that image can be read here. */
  readonly atHand: (digest: string) => boolean;
}

/**
 * The images that came before, likeliest first: what the channels that point at this image pointed at before, newest
 * first; what other channels point at; then what was published last.
 */
function before({ digest, logs, standing }: ParentQuestion): readonly string[] {
  const own = [...logs.values()].filter((log) => log.at(-1)?.digest === digest);
  const heads = [...logs.values()].flatMap((log) => log.slice(-1));
  return [
    ...own.flatMap((log) => [...log].reverse()).map((entry) => entry.digest),
    ...heads.map((entry) => entry.digest),
    ...[...standing].reverse().map(({ published }) => published.digest),
  ].filter((each, index, all) => each !== digest && all.indexOf(each) === index);
}

/** Why a snapshot cannot lie below this image's; undefined when it can. */
function unfit(snapshot: SnapshotInfo | undefined, question: ParentQuestion): string | undefined {
  const { volumeSize, kmsKey, encryptedByDefault } = question;
  if (snapshot?.state !== 'completed') return 'has no completed snapshot there any more';
  // A volume must not be smaller than its parent's, and one made larger for it would stay so for ever.
  if (snapshot.volumeSize > volumeSize) return `has a larger volume (${snapshot.volumeSize} GiB)`;
  if (kmsKey !== undefined && snapshot.kmsKey !== kmsKey) return 'is not encrypted by that key';
  if (kmsKey === undefined && snapshot.kmsKey === undefined && encryptedByDefault)
    return 'is not encrypted, and the account encrypts by default';
  if (kmsKey === undefined && snapshot.kmsKey !== undefined && !encryptedByDefault)
    return 'is encrypted, and no key was asked for';
  return undefined;
}

/** The first that fits, or why there is none. */
export function chooseParent(question: ParentQuestion): Parent | string {
  const reasons: string[] = [];
  for (const digest of before(question)) {
    const there = question.standing.findLast(({ published }) => published.digest === digest)?.published;
    if (there === undefined) continue;
    const short = digest.slice(0, 'sha256:'.length + 12);
    const info = question.snapshots.find(({ snapshot }) => snapshot === there.snapshot);
    const reason =
      unfit(info, question) ?? (question.atHand(digest) ? undefined : 'has no disk here to compare with');
    if (reason === undefined && info !== undefined) {
      return { digest, snapshot: info.snapshot, volumeSize: info.volumeSize, kmsKey: info.kmsKey };
    }
    reasons.push(`${short} ${reason ?? ''}`);
  }
  return reasons[0] ?? 'no earlier image is published there';
}
