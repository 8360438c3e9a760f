import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordPublication } from './aws';
import { newProject } from './support';

const ROOT = resolve(__dirname, '../..');

beforeAll(() => {
  spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'tsconfig.build.json')], {
    stdio: 'ignore',
  });
});

describe('examples/aws', () => {
  it('synthesises staging from candidate and production from production, apart from each other', async () => {
    const project = await newProject();
    const candidate = await project.promote('disk of today', 'candidate');
    const production = await project.promote('disk of last week');
    recordPublication(project, candidate, 'ami-0000000000000aaaa', { account: '111111111111' });
    recordPublication(project, production, 'ami-0000000000000bbbb', { account: '222222222222' });

    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'dist/examples/aws/main.js')], {
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: project.root, KILN_PROJECT: project.root },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const text = (stack: string): string =>
      readFileSync(join(project.root, 'cdktf.out/stacks', stack, 'cdk.tf.json'), 'utf8');
    expect(text('flights-staging')).toContain(candidate);
    expect(text('flights-staging')).toContain('"key": "staging/flights-staging.tfstate"');
    expect(text('flights-production')).toContain(production);
    expect(text('flights-production')).toContain('"key": "production/flights-production.tfstate"');
    for (const other of ['222222222222', 'acme-kiln-state-production', production]) {
      expect(text('flights-staging')).not.toContain(other);
    }
    for (const environment of ['staging', 'production']) {
      expect(existsSync(join(project.root, 'cdktf.out/stacks', `state-${environment}`, 'cdk.tf.json'))).toBe(
        true,
      );
    }
  });
});
