import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { readChannel } from '../../../factory/registry/read';
import { newPlace, store } from './support';

const ROOT = resolve(__dirname, '../../..');
const RACERS = 8;
const ROUNDS = 25;

beforeAll(() => {
  // Compiles what is older than its source; a fault elsewhere in it is not this test's to tell.
  spawnSync(join(ROOT, 'bin/kiln'), ['--version'], { stdio: 'ignore' });
});

it('eight processes that append at once have exactly one winner each time, and every loser knows which', async () => {
  const place = newPlace();
  const { home } = place;
  await home.init();
  const digest = await store(place, 'disk');

  const outcomes = await Promise.all(
    Array.from({ length: RACERS }, async () => {
      const racer = promisify(execFile)(process.execPath, [
        join(__dirname, 'racer.mjs'),
        join(ROOT, 'dist'),
        home.where,
        digest,
        String(ROUNDS),
      ]);
      const { stdout } = await racer;
      return { name: `racer-${String(racer.child.pid)}`, rounds: stdout.trim().split('\n') };
    }),
  );

  const log = readChannel(home.where, 'spark-node', 'candidate');
  expect(log).toHaveLength(ROUNDS);
  for (const [round, { by }] of log.entries()) {
    const said = outcomes.map(({ name, rounds }) => [name, rounds[round]] as const);
    expect(said.filter(([, what]) => what === 'won')).toEqual([[by, 'won']]);
    expect(said.filter(([, what]) => what === by)).toHaveLength(RACERS - 1);
  }
  expect(readdirSync(join(home.where, 'channels/spark-node/candidate'))).toHaveLength(ROUNDS);
});
