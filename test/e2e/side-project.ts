import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { BakedImage } from './image';

const HOME = resolve(__dirname, '../..');
const STATE = join(HOME, '.kiln');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly text: string;
}

/** Standard output of what must have ended well. */
export const well = ({ code, out, text }: Ended): string => {
  expect(code, text).toBe(0);
  return out;
};

/** How a project's own main.ts, compiled, begins; `body` is run with the app. */
export const appOf = (body: string): string => `
const from = (name) => require(${JSON.stringify(join(HOME, 'dist'))} + '/' + name);
const { GoldenImage } = from('modules/golden-image');
const { localStore } = from('modules/local-store');
const { LocalClusterStack } = from('stacks/local-cluster');
from('modules/app').synthesise(__dirname, (app) => {
${body}
});
`;

/**
 * A project on the file system of this checkout's state, so that a registry links disks instead of copying them:
 * it has some of the checkout's files, and registry, store, images and Terraform state of its own.
 */
export class SideProject {
  readonly folder: string;

  /**
   * @param name the folder's begins with it.
   * @param files of the checkout, copied.
   * @param env of its commands, beside this process's.
   */
  constructor(
    name: string,
    files: readonly string[],
    private readonly env: Readonly<Record<string, string>> = {},
  ) {
    mkdirSync(STATE, { recursive: true });
    this.folder = mkdtempSync(join(STATE, `${name}-`));
    for (const file of files) cpSync(join(HOME, file), join(this.folder, file), { recursive: true });
    mkdirSync(join(this.folder, '.kiln/images'), { recursive: true });
    // Packages of the conda channel are made once.
    symlinkSync(join(STATE, 'channel'), join(this.folder, '.kiln/channel'));
  }

  file(...path: readonly string[]): string {
    return join(this.folder, ...path);
  }

  /** Its app in place of this checkout's. */
  setApp(text: string): void {
    writeFileSync(this.file('app.js'), text);
    const config = JSON.parse(readFileSync(join(HOME, 'cdktf.json'), 'utf8')) as object;
    writeFileSync(this.file('cdktf.json'), JSON.stringify({ ...config, app: 'node app.js' }));
  }

  /** The checkout's factory.yaml, with those channels (and what comes behind them) instead of its own. */
  setChannels(yaml: string): void {
    const spec = readFileSync(join(HOME, 'factory.yaml'), 'utf8').replace(/\nchannels:\n[^]*$/, '\n');
    writeFileSync(this.file('factory.yaml'), `${spec}channels:\n${yaml}`);
  }

  /** An image as if it had been baked here. */
  takeImage({ folder, record }: BakedImage): void {
    symlinkSync(folder, this.file('.kiln/images', record.digest.replace('sha256:', '')));
  }

  environment(): NodeJS.ProcessEnv {
    return { ...process.env, KILN_PROJECT: this.folder, ...this.env };
  }

  private run(program: string, args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync(join(HOME, program), args, {
      cwd: this.folder,
      env: this.environment(),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return { code: status, out: stdout, text: stdout + stderr };
  }

  kiln(...args: readonly string[]): Ended {
    return this.run('bin/kiln', args);
  }

  cdktf(...args: readonly string[]): Ended {
    return this.run('tools/cdktf', args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
