import { execFileSync } from 'node:child_process';
import { join, relative, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const HOME = resolve(__dirname, '../..');

/** Files of this checkout that a configuration of TypeScript compiles, imported ones included. */
function compiled(configuration: string): string[] {
  const tsc = join(HOME, 'node_modules/.bin/tsc');
  const files = execFileSync(tsc, ['--listFilesOnly', '-p', join(HOME, configuration)], { encoding: 'utf8' });
  return files
    .trim()
    .split('\n')
    .map((file) => relative(HOME, file))
    .filter((file) => !file.startsWith('node_modules/'));
}

describe('what is compiled into dist/', () => {
  let files: string[];
  beforeAll(() => {
    files = compiled('tsconfig.build.json');
  });

  it('is the commands, the constructs and the demo', () => {
    for (const entry of ['main.ts', 'factory/cli/main.ts', 'demo/main.ts', 'examples/aws/main.ts'])
      expect(files).toContain(entry);
  });

  it('has no fake, no test and no bench in it', () => {
    expect(files.filter((file) => /-fake\.ts$|^test\/|^bench\//.test(file))).toEqual([]);
  });

  it('lacks only fakes of the factory', () => {
    const tracked = execFileSync('git', ['ls-files', 'factory/**.ts'], { cwd: HOME, encoding: 'utf8' });
    const left = tracked
      .trim()
      .split('\n')
      .filter((file) => !files.includes(file));
    expect(left.length).toBeGreaterThan(5);
    expect(left.filter((file) => !file.endsWith('-fake.ts'))).toEqual([]);
  });
});
