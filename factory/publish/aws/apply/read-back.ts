import { createHash } from 'node:crypto';
import { KilnError } from '../../../errors';
import type { Pause } from '../../../ports/machine/pause';
import { EBS_BLOCK } from '../api/ebs';
import { Meter } from '../../../progress';
import type { DiskBlocks } from '../plan/disk-blocks';
import { type Effects, patience } from '../effects';
import { persist } from '../persist';
import { inParallel } from './pool';

/** Blocks of a sample. */
const SAMPLE = 64;

export interface ReadBack {
  readonly region: string;
  readonly snapshot: string;
  readonly blocks: DiskBlocks;
  /** Blocks that this run sent; the others are the parent's. */
  readonly sent: readonly number[];
  readonly encrypted: boolean;
  /** GiB. */
  readonly volumeSize: number;
  /** Every block and not a sample. */
  readonly all: boolean;
  readonly parallel: number;
}

/**
 * Reads a completed snapshot's blocks and compares them with the disk: that all that must be there is listed, and
 * the content of a sample, half of it sent and half the parent's, or of all.
 * @returns how many blocks were read.
 * @throws KilnError `read-back-differs`.
 */
export async function readBack(effects: Effects, wanted: ReadBack): Promise<number> {
  const { region, snapshot, blocks, parallel } = wanted;
  const ebs = effects.ebs(region);
  const step = 'read back';
  const calls = patience(effects, region, step);
  const tokens = await listBlocks(effects, wanted);
  const missing = mustBeListed(wanted).filter((index) => !tokens.has(index));
  if (missing.length > 0) throw differs(wanted, missing, 'is not there');
  const chosen = wanted.all ? [...tokens.keys()] : sample(effects.pause, [...tokens.keys()], wanted.sent);
  const meter = new Meter(effects.pause, chosen.length, chosen.length * EBS_BLOCK, (progress) => {
    effects.report({ event: 'progress', step, region, ...progress });
  });
  const wrong: number[] = [];
  await inParallel(chosen, parallel, async (index) => {
    const data = await persist(
      `reading block ${index} of ${snapshot}`,
      () => ebs.get(snapshot, index, tokens.get(index) ?? ''),
      calls,
    );
    const digest = createHash('sha256').update(data).digest();
    if (Buffer.compare(digest, blocks.digest(index)) !== 0) wrong.push(index);
    meter.add(EBS_BLOCK);
    meter.complete();
  });
  if (wrong.length > 0) throw differs(wanted, wrong, 'differs');
  effects.report({ event: 'done', step, region, detail: `${chosen.length} of ${tokens.size} blocks` });
  return chosen.length;
}

async function listBlocks(
  effects: Effects,
  { region, snapshot }: ReadBack,
): Promise<ReadonlyMap<number, string>> {
  const tokens = new Map<number, string>();
  let next: string | undefined;
  do {
    const page = await persist(
      `listing the blocks of ${snapshot}`,
      () => effects.ebs(region).list(snapshot, next),
      patience(effects, region, 'read back'),
    );
    for (const { index, token } of page.blocks) tokens.set(index, token);
    next = page.next;
  } while (next !== undefined);
  return tokens;
}

/** What reads as the disk only when it was written. */
function mustBeListed({ blocks, encrypted, volumeSize }: ReadBack): readonly number[] {
  const count = (volumeSize * 1024 ** 3) / EBS_BLOCK;
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => encrypted || !blocks.isZero(index),
  );
}

/** Some of those sent and some of the others, by chance, none twice. */
function sample(pause: Pause, listed: readonly number[], sent: readonly number[]): readonly number[] {
  const fresh = new Set(sent);
  const pick = (from: readonly number[], count: number): readonly number[] => {
    const rest = [...from];
    for (let at = 0; at < Math.min(count, rest.length); at += 1) {
      const other = at + Math.floor(pause.random() * (rest.length - at));
      [rest[at], rest[other]] = [rest[other] as number, rest[at] as number];
    }
    return rest.slice(0, count);
  };
  const old = pick(
    listed.filter((index) => !fresh.has(index)),
    SAMPLE / 2,
  );
  return [...old, ...pick(sent, SAMPLE - old.length)];
}

const differs = ({ region, snapshot }: ReadBack, indices: readonly number[], how: string): KilnError =>
  new KilnError({
    code: 'read-back-differs',
    what: `${snapshot} in ${region} is not the image: ${indices.length} of its blocks ${how === 'differs' ? 'differ' : 'are not there'}`,
    hint: 'run the same command again: the snapshot is made anew; if it differs again, report it to AWS',
    faults: indices.slice(0, 10).map((index) => ({ where: `block ${index}`, what: how })),
  });
