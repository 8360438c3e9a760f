import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bake as smallBake, verdictOf } from '../factory/registry/support';
import { bakedImage } from './image';
import { leftovers, takeInventory } from './leftovers';
import type { Inventory } from './leftovers';

const HOME = resolve(__dirname, '../..');
const STATE = join(HOME, '.kiln');
/** A name and a port of its own: whatever else runs on this machine stays as it is. */
const NAME = `t${String(process.pid)}`;
const CLUSTER = `/run/kiln/clusters/${NAME}`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly text: string;
}

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') done(address.port);
      });
    });
  });

/** A project's own main.ts, compiled. */
const appOf = (store: number): string => `
const from = (name) => require(${JSON.stringify(join(HOME, 'dist'))} + '/' + name);
const { GoldenImage } = from('modules/golden-image');
const { localStore } = from('modules/local-store');
const { LocalClusterStack } = from('stacks/local-cluster');
from('modules/app').synthesise(__dirname, (app) => {
  new LocalClusterStack(app, '${NAME}', {
    image: GoldenImage.channel('production'),
    store: localStore({ port: ${String(store)} }),
  });
});
`;

let project: string;
let port: number;

/** A project beside this checkout's state: the same factory.yaml, another app, registry, store and state. */
beforeEach(async () => {
  mkdirSync(STATE, { recursive: true });
  project = mkdtempSync(join(STATE, 'deploy-test-'));
  port = await freePort();
  for (const file of ['factory.yaml', 'environment.yml', 'cdktf.json']) {
    cpSync(join(HOME, file), join(project, file));
  }
  symlinkSync(join(HOME, 'jobs'), join(project, 'jobs'));
  writeFileSync(join(project, 'app.js'), appOf(port));
  const config = JSON.parse(readFileSync(join(project, 'cdktf.json'), 'utf8')) as object;
  writeFileSync(join(project, 'cdktf.json'), JSON.stringify({ ...config, app: 'node app.js' }));
});
afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

/** Runs a program in the project, with settings of a caller that must not matter. */
function run(program: string, ...args: readonly string[]): Ended {
  const env = {
    ...process.env,
    KILN_PROJECT: project,
    AWS_PROFILE: 'nobody',
    AWS_ACCESS_KEY_ID: 'of somebody else',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    TF_WORKSPACE: 'another',
    TF_CLI_CONFIG_FILE: '/nonexistent',
  };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: project,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { code: status, out: stdout, text: stdout + stderr };
}
const kiln = (...args: readonly string[]): Ended => run(join(HOME, 'bin/kiln'), ...args);
const cdktf = (...args: readonly string[]): Ended => run(join(HOME, 'tools/cdktf'), ...args);
const well = ({ code, out, text }: Ended): string => {
  expect(code, text).toBe(0);
  return out;
};

/** Resources in terraform's state. */
function resources(): readonly unknown[] {
  const file = join(project, `terraform.${NAME}.tfstate`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { resources: unknown[] }).resources;
}

const notHere = process.getuid?.() === 0 ? undefined : 'needs root';

describe.skipIf(notHere !== undefined)(`cdktf deploy${notHere === undefined ? '' : ` (${notHere})`}`, () => {
  it('of an image that cannot boot fails with the cause, and destroy takes away what there is', async () => {
    const before = takeInventory([project]);
    well(kiln('registry', 'init'));
    const digest = smallBake(join(project, '.kiln/images'), 'no disk', {
      verdicts: [verdictOf('no disk')],
    });
    well(kiln('promote', digest, 'production', '--apply'));

    const deploy = cdktf('deploy', NAME, '--auto-approve');
    expect(deploy.code).not.toBe(0);
    // Terraform breaks long lines.
    expect(deploy.text.replaceAll(/\s+/g, ' ')).toMatch(
      /its record names no root partition|there is no file .*store/,
    );
    expect(existsSync(CLUSTER)).toBe(false);

    well(cdktf('destroy', NAME, '--auto-approve'));
    expect(resources()).toEqual([]);
    expect(await leftovers(before, { about: [project, CLUSTER] })).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^(process|mount|namespace|loop|control group)/)]),
    );
  });

  const image = bakedImage();
  describe.skipIf(typeof image === 'string')(
    `of a real image${typeof image === 'string' ? ` (${image})` : ''}`,
    () => {
      if (typeof image === 'string') return;
      const hex = image.record.digest.replace('sha256:', '');
      let before: Inventory;
      beforeEach(() => {
        before = takeInventory();
        mkdirSync(join(project, '.kiln/images'), { recursive: true });
        // The same file system: the registry links the disk instead of copying it.
        symlinkSync(image.folder, join(project, '.kiln/images', hex));
      });
      afterEach(() => {
        kiln('machines', 'down', '--cluster', NAME);
        kiln('store', 'down');
      });

      it('places it, is done when the workers are registered, changes nothing the second time, and leaves nothing', async () => {
        const { digest } = image.record;
        well(kiln('registry', 'init'));
        // production has a gate; this test is about placing, not about proving.
        writeFileSync(
          join(project, 'factory.yaml'),
          readFileSync(join(project, 'factory.yaml'), 'utf8').replace(
            /\n {4}gates:\n {6}- kind: verified\n/,
            ' {}\n',
          ),
        );
        well(kiln('promote', digest, 'production', '--apply'));
        well(kiln('store', 'up', '--port', String(port)));

        expect(well(cdktf('deploy', NAME, '--auto-approve'))).toContain(digest);
        const clusters = JSON.parse(well(kiln('clusters', '--json'))) as {
          readonly cluster: string;
          readonly nodes: readonly {
            readonly role: string;
            readonly address: string;
            readonly phase: string;
          }[];
        }[];
        const nodes = clusters.find(({ cluster }) => cluster === NAME)?.nodes ?? [];
        expect(nodes.map(({ role, address, phase }) => `${role} ${address} ${phase}`).sort()).toEqual([
          'master 10.213.0.10 ready',
          'worker 10.213.0.20 ready',
          'worker 10.213.0.21 ready',
        ]);

        const again = cdktf('deploy', NAME, '--auto-approve');
        expect(well(again)).toMatch(/No changes/);

        well(cdktf('destroy', NAME, '--auto-approve'));
        expect(resources()).toEqual([]);
        well(kiln('store', 'down'));
        const left = await leftovers(before, { about: [project, NAME], within: 10 });
        expect(left.filter((line) => !line.startsWith('temporary'))).toEqual([]);
      });
    },
  );
});
