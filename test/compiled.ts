import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

/** Before the first unit test: kiln as it is compiled, for those that start it or a part of it as another process. */
export default function setup(): void {
  const { status, error } = spawnSync(join(resolve(__dirname, '..'), 'bin/kiln'), ['--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`kiln could not be compiled (${String(status ?? error)})`);
}
