import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

it('a compiled file whose source became a folder does not stay beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-build-'));
  const write = (file: string, text: string): void => {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  try {
    for (const part of ['tools/compile', 'tsconfig.json', 'tsconfig.build.json'])
      cpSync(join(HOME, part), join(folder, part));
    symlinkSync(join(HOME, 'node_modules'), join(folder, 'node_modules'));
    write('factory/place/index.ts', "export const place = 'new';\n");
    write('factory/main.ts', "import { place } from './place';\nconsole.log(place);\n");
    write('dist/factory/place.js', "exports.place = 'old';\n");
    execFileSync(join(folder, 'tools/compile'));
    expect(existsSync(join(folder, 'dist/factory/place.js'))).toBe(false);
    const main = join(folder, 'dist/factory/main.js');
    expect(execFileSync(process.execPath, [main], { encoding: 'utf8' })).toBe('new\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
