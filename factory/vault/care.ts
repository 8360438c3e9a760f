import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { fileName, type Input } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Clock } from '../ports/machine/clock';
import type { ContentStore } from '../files/content-store';
import { withLock } from '../files/lock';
import type { KeptInputs } from '../ports/inputs/kept-inputs';
import { label, wrongContent } from './faults';
import { Meter } from '../progress';
import type { FetchProgress } from '../progress';

/** Files read or written at a time. */
const AT_ONCE = 4;

export interface MovePlan {
  /** What is wanted, there, and not yet where it shall go. */
  readonly move: readonly Input[];
  /** Bytes of those. */
  readonly bytes: number;
  /** How many are where they shall go already. */
  readonly present: number;
  /** What is wanted and at neither end. */
  readonly lacking: readonly Input[];
}

/** What is to be moved; sizes tell, so that what was cut short goes again. */
export function planMove(
  wanted: readonly Input[],
  from: ReadonlyMap<string, number>,
  to: ReadonlyMap<string, number>,
): MovePlan {
  const all = [...new Map(wanted.map((input) => [input.sha256, input])).values()];
  const absent = all.filter((input) => to.get(input.sha256) !== input.size);
  const move = absent.filter((input) => from.get(input.sha256) === input.size);
  return {
    move,
    bytes: move.reduce((sum, input) => sum + input.size, 0),
    present: all.length - absent.length,
    lacking: absent.filter((input) => from.get(input.sha256) !== input.size),
  };
}

/** @throws KilnError `inputs-lacking` (exit 1) when some are at neither end. */
export function requireAll(plan: MovePlan, where: string, hint: string): void {
  if (plan.lacking.length === 0) return;
  throw new KilnError({
    code: 'inputs-lacking',
    exitCode: 1,
    what: `${where} lacks ${String(plan.lacking.length)} of the locked inputs`,
    hint,
    faults: plan.lacking.map((input) => ({ where: label(input), what: `${fileName(input)} is not there` })),
  });
}

type OnProgress = (progress: FetchProgress) => void;

/** Does it for all, some at a time; the first fault is thrown when what was under way has ended. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const faults: unknown[] = [];
  await Promise.all(
    items.map((item) =>
      limit(async () => {
        if (faults.length > 0) return;
        await work(item).catch((error: unknown) => faults.push(error));
      }),
    ),
  );
  if (faults.length > 0) throw faults[0];
}

async function hashOf(
  kept: KeptInputs,
  sha256: string,
  onBytes: (count: number) => void,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of await kept.open(sha256)) {
    hash.update(chunk);
    size += chunk.length;
    onBytes(chunk.length);
  }
  return { size, sha256: hash.digest('hex') };
}

/** Puts the vault's files where they are kept, and reads each again there. */
export async function push(
  vault: ContentStore,
  kept: KeptInputs,
  plan: MovePlan,
  clock: Clock,
  onProgress: OnProgress,
): Promise<void> {
  const meter = new Meter(clock, plan.move.length, plan.bytes, onProgress);
  await forAll(plan.move, async (input) => {
    await kept.put(input.sha256, vault.path(input.sha256));
    const got = await hashOf(kept, input.sha256, (count) => {
      meter.add(count);
    });
    if (got.sha256 !== input.sha256) {
      await kept.remove(input.sha256);
      throw wrongContent(input, kept.where, got);
    }
    meter.complete();
  });
}

/** Brings what is kept into the vault, which judges it like any download. */
export async function pull(
  kept: KeptInputs,
  vault: ContentStore,
  plan: MovePlan,
  clock: Clock,
  onProgress: OnProgress,
): Promise<void> {
  const meter = new Meter(clock, plan.move.length, plan.bytes, onProgress);
  await withLock(vault.lock, 'takes inputs from the registry', async () => {
    vault.sweep();
    await forAll(plan.move, async (input) => {
      await vault.add(
        input.sha256,
        await kept.open(input.sha256),
        input.size,
        (got) => {
          if (got.size !== input.size || got.sha256 !== input.sha256)
            throw wrongContent(input, kept.where, got);
        },
        (count) => {
          meter.add(count);
        },
      );
      meter.complete();
    });
  });
}

/** Reads all that is kept: the sha256 of what is not what its name says. */
export async function findDamaged(
  kept: KeptInputs,
  clock: Clock,
  onProgress: OnProgress,
): Promise<{ readonly checked: number; readonly bytes: number; readonly damaged: readonly string[] }> {
  const all = await kept.list();
  const bytes = [...all.values()].reduce((sum, size) => sum + size, 0);
  const meter = new Meter(clock, all.size, bytes, onProgress);
  const damaged: string[] = [];
  await forAll([...all.keys()], async (sha256) => {
    const got = await hashOf(kept, sha256, (count) => {
      meter.add(count);
    });
    if (got.sha256 !== sha256) damaged.push(sha256);
    meter.complete();
  });
  return { checked: all.size, bytes, damaged: damaged.sort() };
}

export interface CollectPlan {
  readonly remove: readonly string[];
  /** Bytes of those. */
  readonly bytes: number;
  readonly keep: number;
}

/** What no lock reaches. */
export function planCollect(
  all: ReadonlyMap<string, number>,
  locks: readonly { readonly inputs: readonly Input[] }[],
): CollectPlan {
  const reached = new Set(locks.flatMap((lock) => lock.inputs.map((input) => input.sha256)));
  const remove = [...all.keys()].filter((sha256) => !reached.has(sha256)).sort();
  return {
    remove,
    bytes: remove.reduce((sum, sha256) => sum + (all.get(sha256) ?? 0), 0),
    keep: all.size - remove.length,
  };
}
