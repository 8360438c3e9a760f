import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newProject } from './support';
import type { ProjectPlace } from './support';

const ROOT = resolve(__dirname, '../..');

beforeAll(() => {
  // Compiles what is older than its source; a fault elsewhere in it is not this test's to tell.
  spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'tsconfig.build.json')], {
    stdio: 'ignore',
  });
});

let project: ProjectPlace;
beforeEach(async () => {
  project = await newProject();
});

/** Runs the app as `node dist/main.js` from some other folder. */
const main = (env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [join(ROOT, 'dist/main.js')], {
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: project.root, KILN_PROJECT: project.root, ...env },
    encoding: 'utf8',
  });
const stack = (): string => join(project.root, 'cdktf.out/stacks/local/cdk.tf.json');

describe('the app', () => {
  it('synthesises from any folder into the project’s cdktf.out', async () => {
    await project.promote('disk');
    expect(main()).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(stack())).toBe(true);
  });

  it('synthesises where the cdktf command says', async () => {
    await project.promote('disk');
    const elsewhere = join(project.root, 'elsewhere');
    expect(main({ CDKTF_OUTDIR: elsewhere }).status).toBe(0);
    expect(existsSync(join(elsewhere, 'stacks/local/cdk.tf.json'))).toBe(true);
  });

  it('tells an empty channel in a few lines, with the way out, and writes nothing', () => {
    const { status, stderr } = main();
    expect(status).toBe(1);
    expect(stderr).toBe(
      'kiln: channel production of image spark-node points at nothing yet\n' +
        '  kiln images lists what there is; then: kiln promote IMAGE production --apply\n',
    );
    expect(existsSync(stack())).toBe(false);
  });

  it('tells a missing registry, with the way out', () => {
    rmSync(project.home.where, { recursive: true });
    const { status, stderr } = main();
    expect(status).toBe(2);
    expect(stderr).toContain('kiln registry init');
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
