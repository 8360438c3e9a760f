import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { BucketRegistry } from '../../../factory/contracts/spec';
import { readLogs } from '../../../factory/registry/read-logs';
import type { RegistryHome } from '../../../factory/registry/home';
import { store } from './support';

const ROOT = resolve(__dirname, '../../..');
const RACERS = 8;

/** Where a racer finds the registry: its folder, or its bucket with the project's folder. */
export type Arena =
  { readonly directory: string } | { readonly bucket: BucketRegistry; readonly root: string };

/** Eight processes append to one channel, all for the same entry, round after round. The code must be compiled. */
export async function contest(
  place: { readonly root: string; readonly home: RegistryHome },
  arena: Arena,
  rounds: number,
): Promise<void> {
  const { home } = place;
  const digest = await store(place, 'disk');
  const outcomes = await Promise.all(
    Array.from({ length: RACERS }, async () => {
      const racer = promisify(execFile)(process.execPath, [
        join(__dirname, 'racer.mjs'),
        join(ROOT, 'dist'),
        JSON.stringify(arena),
        digest,
        String(rounds),
      ]);
      const { stdout } = await racer;
      return { name: `racer-${String(racer.child.pid)}`, rounds: stdout.trim().split('\n') };
    }),
  );

  const there = await home.list('images');
  const logs = await readLogs(home, 'spark-node', (known) => there.includes(known.slice('sha256:'.length)));
  const log = logs.get('race') ?? [];
  expect(log).toHaveLength(rounds);
  for (const [round, { by }] of log.entries()) {
    const said = outcomes.map(({ name, rounds: told }) => [name, told[round]] as const);
    expect(said.filter(([, what]) => what === 'won')).toEqual([[by, 'won']]);
    expect(said.filter(([, what]) => what === by)).toHaveLength(RACERS - 1);
  }
  // None beside them, half written or of a loser.
  expect(await home.list('channels/spark-node/race')).toHaveLength(rounds);
  expect(new Set(log.map(({ operation }) => operation)).size).toBe(rounds);
}
