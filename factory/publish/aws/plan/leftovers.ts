import type { ImageInfo, SnapshotInfo } from '../api/ec2-images';
import { TAG } from '../tags';

/** A snapshot that an upload made and no AMI has. */
export interface Leftover {
  readonly snapshot: string;
  readonly digest: string;
  readonly state: SnapshotInfo['state'];
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** Which project on which host. */
  readonly publisher: string;
  /** resume: go on with it; adopt: it is whole and becomes the AMI; delete; leave: another host may be at work on it. */
  readonly action: 'resume' | 'adopt' | 'delete' | 'leave';
  readonly why: string;
}

export interface LeftoverQuestion {
  readonly digest: string;
  /** Which project on which host asks; nothing of it is at work, since it has the project's lock. */
  readonly publisher: string;
  readonly now: number;
  readonly snapshots: readonly SnapshotInfo[];
  readonly images: readonly ImageInfo[];
  /** Snapshot of the journal, when that is for this very request. */
  readonly resumable: string | undefined;
  /** Whether a whole snapshot of the image is of use. */
  readonly adoptable: boolean;
  /** ARN of the key asked for, and what happens without one. */
  readonly kmsKey: string | undefined;
  readonly encryptedByDefault: boolean;
}

/** Milliseconds after which an upload of another host is not at work any more: twice its time-out without a block. */
const DEAD = 2 * 60 * 60_000;

function judge(info: SnapshotInfo, question: LeftoverQuestion): Pick<Leftover, 'action' | 'why'> {
  const { state, tags, startedAt, kmsKey } = info;
  const wanted = question.adoptable && tags[TAG.digest] === question.digest;
  const fits =
    question.kmsKey === undefined
      ? (kmsKey !== undefined) === question.encryptedByDefault
      : kmsKey === question.kmsKey;
  const mine = tags[TAG.publisher] === question.publisher;
  if (state === 'error')
    return { action: 'delete', why: `AWS cancelled it: ${info.message ?? 'it does not say why'}` };
  if (state === 'pending' && info.snapshot === question.resumable)
    return { action: 'resume', why: 'a run that did not end began it' };
  if (state === 'completed' && wanted && fits)
    return { action: 'adopt', why: 'a run that did not end completed it' };
  if (mine) return { action: 'delete', why: 'a run of this project that did not end left it' };
  if (question.now - startedAt > DEAD)
    return { action: 'delete', why: 'whoever made it ended over an hour ago' };
  return { action: 'leave', why: 'another host may be at work on it' };
}

/** What runs that did not end left in a region, and what becomes of it. */
export function leftovers(question: LeftoverQuestion): readonly Leftover[] {
  const used = new Set(question.images.map(({ snapshot }) => snapshot));
  const found = question.snapshots
    .filter(({ snapshot, tags }) => tags[TAG.upload] !== undefined && !used.has(snapshot))
    .map((info): Leftover => ({
      snapshot: info.snapshot,
      digest: info.tags[TAG.digest] ?? '',
      state: info.state,
      startedAt: new Date(info.startedAt).toISOString(),
      publisher: info.tags[TAG.publisher] ?? '',
      ...judge(info, question),
    }));
  // One is enough; a second whole one goes.
  const adopted = found.find(({ action }) => action === 'adopt');
  return found.map((each) =>
    adopted === undefined || each === adopted || (each.action !== 'adopt' && each.action !== 'resume')
      ? each
      : { ...each, action: 'delete', why: `${adopted.snapshot} is whole` },
  );
}
