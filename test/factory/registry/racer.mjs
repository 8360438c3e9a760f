// One of several processes that append to the same channel log: node racer.mjs DIST ARENA IMAGE-DIGEST ROUNDS.
// Prints one line a round: `won` or the name of who did.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const [dist, arena, digest, rounds] = process.argv.slice(2);
const { openHome } = require(join(dist, 'factory/registry/open.js'));
const { appendMove } = require(join(dist, 'factory/registry/move.js'));

async function main() {
  const { directory, bucket, root } = JSON.parse(arena);
  const home = openHome({ registry: directory ?? bucket.address, bucket, root });
  const by = `racer-${process.pid}`;
  const move = { image: 'spark-node', channel: 'race', action: 'promote', digest, by, reason: '' };
  for (let seen = 0; seen < Number(rounds); seen += 1) {
    try {
      await appendMove(home, { ...move, at: new Date().toISOString() }, seen);
      console.log('won');
    } catch (error) {
      if (error.code !== 'channel-moved') throw error;
      console.log(/: (racer-\d+) put it on/.exec(error.message)[1]);
    }
  }
}

await main();
