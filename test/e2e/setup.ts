import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const home = resolve(__dirname, '..', '..');

function run(command: string, ...args: readonly string[]): string {
  const { status, error, stdout } = spawnSync(join(home, command), args, {
    cwd: home,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} failed (${String(status ?? error)}); the end-to-end tests need its image`,
    );
  }
  return stdout;
}

/** Before the first end-to-end test: the example's channel, and the image that the tests work on (image.ts). */
export default function setup(): void {
  if (process.getuid?.() !== 0 || process.env['KILN_TEST_IMAGE'] !== undefined) return;
  run('tools/conda-channel/make', '.kiln/channel');
  const { folder } = z.object({ folder: z.string() }).parse(JSON.parse(run('bin/kiln', 'bake', '--json')));
  process.env['KILN_TEST_IMAGE'] = folder;
}
