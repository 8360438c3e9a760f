import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { beforeAll, it } from 'vitest';
import { contest } from './contest';
import { newPlace } from './support';

const ROOT = resolve(__dirname, '../../..');

beforeAll(() => {
  // Compiles what is older than its source; a fault elsewhere in it is not this test's to tell.
  spawnSync(join(ROOT, 'bin/kiln'), ['--version'], { stdio: 'ignore' });
});

it('eight processes that append at once have exactly one winner each time, and every loser knows which', async () => {
  const place = newPlace();
  await place.home.init();
  await contest(
    place,
    { directory: place.home.where },
    process.env['KILN_TEST_ALL'] === undefined ? 25 : 500,
  );
}, 600_000);
