import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordPublication } from './aws';
import { Moto } from './moto';
import { newProject } from './support';
import type { ProjectPlace } from './support';
import { hasAwsProvider } from './terraform';

/* examples/aws by the command that docs/aws.md names, against moto: synth, the bucket of the state, and the plan. */

const HOME = resolve(__dirname, '../..');
const [STAGING, PRODUCTION] = ['111111111111', '222222222222'];

// Each command starts Terraform with its provider of 700 MB.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const all = process.env['KILN_TEST_ALL'] === '1';
const notHere = !all ? 'make test-all' : hasAwsProvider;

describe.skipIf(notHere !== undefined)(
  `examples/aws by cdktf${notHere === undefined ? '' : ` (${notHere})`}`,
  () => {
    let moto: Moto;
    let project: ProjectPlace;
    let candidate: string;

    beforeAll(async () => {
      moto = await Moto.start(STAGING);
      project = await newProject();
      candidate = await project.promote('disk of today', 'candidate');
      const production = await project.promote('disk of last week');
      const ami = await moto.image('spark-node', { 'kiln:digest': candidate });
      recordPublication(project, candidate, ami, { account: STAGING });
      recordPublication(project, production, 'ami-0000000000000bbbb', { account: PRODUCTION });
      await promisify(execFile)(join(HOME, 'node_modules/.bin/tsc'), [
        ...['-p', join(HOME, 'tsconfig.build.json')],
      ]);
      cpSync(join(HOME, 'cdktf.json'), join(project.root, 'cdktf.json'));
      const config = JSON.parse(readFileSync(join(project.root, 'cdktf.json'), 'utf8')) as object;
      const app = `node ${join(HOME, 'dist/examples/aws/main.js')}`;
      writeFileSync(join(project.root, 'cdktf.json'), JSON.stringify({ ...config, app }));
    });
    afterAll(() => {
      moto.stop();
    });

    async function cdktf(...args: readonly string[]): Promise<{ code: number; text: string }> {
      const env = { ...process.env, ...moto.environment, KILN_PROJECT: project.root };
      try {
        const done = await promisify(execFile)(join(HOME, 'tools/cdktf'), args, {
          cwd: project.root,
          env,
          maxBuffer: 1 << 26,
        });
        return { code: 0, text: stripVTControlCharacters(done.stdout + done.stderr) };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, text: stripVTControlCharacters(stdout + stderr) };
      }
    }

    it('synthesises every stack', async () => {
      const { code, text } = await cdktf('synth');
      expect(code, text).toBe(0);
      for (const stack of ['state-staging', 'state-production', 'flights-staging', 'flights-production'])
        expect(text).toContain(stack);
    });

    it('makes the bucket of the state, then plans a cluster that is all new, from the AMI of the channel', async () => {
      const state = await cdktf('deploy', 'state-staging', '--auto-approve');
      expect(state.code, state.text).toBe(0);
      const { code, text } = await cdktf('diff', 'flights-staging');
      expect(code, text).toBe(0);
      expect(text).toMatch(/Plan: \d+ to add, 0 to change, 0 to destroy/);
      expect(text).toContain(candidate);
      expect(text).toContain('aws_autoscaling_lifecycle_hook');
    });

    it('with the credentials of another account nothing is planned, and it says so', async () => {
      const { code, text } = await cdktf('diff', 'flights-production');
      expect(code).not.toBe(0);
      expect(text.replaceAll(/[\s│]+/g, ' ')).toContain(`AWS account ID not allowed: ${STAGING}`);
    });
  },
);
