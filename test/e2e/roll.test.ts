import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whole } from './bakery';
import { bakedImage } from './image';
import { type Inventory, leftovers, takeInventory } from './leftovers';

/*
 * Two images, two channels, two clusters of this machine: what a promotion, a rollback and the deploys after them
 * do to nodes.
 */
const HOME = resolve(__dirname, '../..');
const STATE = join(HOME, '.kiln');
const STAGING = `s${String(process.pid)}`;
const PRODUCTION = `p${String(process.pid)}`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly text: string;
}

interface Node {
  readonly name: string;
  readonly role: string;
  readonly phase: string;
  readonly reported: string | null;
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

/** A project's own main.ts, compiled: a stack for each channel. */
const appOf = (store: number): string => `
const from = (name) => require(${JSON.stringify(join(HOME, 'dist'))} + '/' + name);
const { GoldenImage } = from('modules/golden-image');
const { localStore } = from('modules/local-store');
const { LocalClusterStack } = from('stacks/local-cluster');
const props = { workers: 1, worker: { cores: 1, memoryMiB: 1024 }, store: localStore({ port: ${String(store)} }) };
from('modules/app').synthesise(__dirname, (app) => {
  new LocalClusterStack(app, '${STAGING}', { ...props, image: GoldenImage.channel('staging') });
  new LocalClusterStack(app, '${PRODUCTION}', { ...props, image: GoldenImage.channel('production') });
});
`;

const image = bakedImage();
const skip = !whole ? 'needs KILN_TEST_ALL=1' : typeof image === 'string' ? image : undefined;

describe.skipIf(skip !== undefined)(
  `deploys follow channels${skip === undefined ? '' : ` (${skip})`}`,
  () => {
    if (typeof image === 'string') return;
    const first = image.record.digest;
    let project: string;
    let second: string;
    let before: Inventory;

    const run = (program: string, ...args: readonly string[]): Ended => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: project,
        env: { ...process.env, KILN_PROJECT: project },
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      });
      return { code: status, out: stdout, text: stdout + stderr };
    };
    const well = ({ code, out, text }: Ended): string => {
      expect(code, text).toBe(0);
      return out;
    };
    const kiln = (...args: readonly string[]): string => well(run(join(HOME, 'bin/kiln'), ...args));
    const deploy = (...stacks: readonly string[]): string =>
      well(run(join(HOME, 'tools/cdktf'), 'deploy', ...stacks, '--auto-approve'));

    /** What `cdktf diff` says of the machines of a stack: the groups that would be replaced; empty for no change. */
    const diff = (stack: string): readonly string[] => {
      // Terraform colours its plan.
      const out = stripVTControlCharacters(well(run(join(HOME, 'tools/cdktf'), 'diff', stack)));
      const replaced = [...out.matchAll(/# null_resource\.(\w+?)_machines_\w+ .*must be replaced/g)].map(
        ([, name]) => String(name),
      );
      // Nothing but replacements: no machine is added or taken away, and nothing is changed in place.
      if (replaced.length === 0) expect(out).toMatch(/No changes/);
      else expect(out).toMatch(/Plan: (\d+) to add, 0 to change, \1 to destroy/);
      return replaced.sort();
    };
    const nodes = (cluster: string): readonly Node[] => {
      const all = JSON.parse(kiln('clusters', '--json')) as readonly {
        readonly cluster: string;
        readonly nodes: readonly Node[];
      }[];
      return all.find((each) => each.cluster === cluster)?.nodes ?? [];
    };
    /** `role phase digest` of every node, as the node itself says. */
    const told = (cluster: string): readonly string[] =>
      nodes(cluster)
        .map(({ role, phase, reported }) => `${role} ${phase} ${String(reported)}`)
        .sort();
    const everyNode = (digest: string): readonly string[] => [
      `master ready ${digest}`,
      `worker ready ${digest}`,
    ];

    beforeAll(async () => {
      before = takeInventory();
      mkdirSync(STATE, { recursive: true });
      project = mkdtempSync(join(STATE, 'roll-test-'));
      for (const file of ['environment.yml', 'factory.lock.json', 'cdktf.json', 'jobs'])
        cpSync(join(HOME, file), join(project, file), { recursive: true });
      // The channels have gates elsewhere; this test is about what moves, not about what is proven.
      const spec = readFileSync(join(HOME, 'factory.yaml'), 'utf8').replace(/\nchannels:\n[^]*$/, '\n');
      writeFileSync(join(project, 'factory.yaml'), `${spec}channels:\n  staging: {}\n  production: {}\n`);
      const port = await freePort();
      writeFileSync(join(project, 'app.js'), appOf(port));
      const config = JSON.parse(readFileSync(join(project, 'cdktf.json'), 'utf8')) as object;
      writeFileSync(join(project, 'cdktf.json'), JSON.stringify({ ...config, app: 'node app.js' }));

      mkdirSync(join(project, '.kiln/images'), { recursive: true });
      symlinkSync(join(STATE, 'channel'), join(project, '.kiln/channel'));
      // The same file system: the registry links the disk instead of copying it.
      symlinkSync(image.folder, join(project, '.kiln/images', first.replace('sha256:', '')));
      kiln('registry', 'init');
      kiln('store', 'up', '--port', String(port));
      kiln('promote', first, 'staging', '--apply');
      kiln('promote', 'staging', 'production', '--apply');

      appendFileSync(join(project, 'jobs/src/flights/__init__.py'), '\nCHANGED = True\n');
      second = (JSON.parse(kiln('bake', '--json')) as { digest: string }).digest;
      expect(second).not.toBe(first);
    });
    afterAll(async () => {
      for (const cluster of [STAGING, PRODUCTION])
        run(join(HOME, 'bin/kiln'), 'machines', 'down', '--cluster', cluster);
      run(join(HOME, 'bin/kiln'), 'store', 'down');
      rmSync(project, { recursive: true, force: true });
      const left = await leftovers(before, { about: [project, STAGING, PRODUCTION], within: 10 });
      expect(left.filter((line) => !line.startsWith('temporary'))).toEqual([]);
    });

    it('places the image of each channel', () => {
      deploy(STAGING, PRODUCTION);
      expect(told(STAGING)).toEqual(everyNode(first));
      expect(told(PRODUCTION)).toEqual(everyNode(first));
      expect(diff(STAGING)).toEqual([]);
    });

    it('rolls exactly the nodes whose channel was promoted', () => {
      kiln('promote', second, 'staging', '--apply');
      expect(diff(PRODUCTION)).toEqual([]);
      expect(diff(STAGING)).toEqual(['master', 'workers']);
      deploy(STAGING);
      expect(told(STAGING)).toEqual(everyNode(second));
      expect(told(PRODUCTION)).toEqual(everyNode(first));
    });

    it('follows the next promotion, with the other channel as it was', () => {
      kiln('promote', 'staging', 'production', '--reason', 'held in staging', '--apply');
      expect(diff(STAGING)).toEqual([]);
      expect(diff(PRODUCTION)).toEqual(['master', 'workers']);
      deploy(PRODUCTION);
      expect(told(PRODUCTION)).toEqual(everyNode(second));
    });

    it('goes back with a rollback', () => {
      kiln('rollback', 'production', '--reason', 'workers lose their disks', '--apply');
      expect(diff(PRODUCTION)).toEqual(['master', 'workers']);
      deploy(PRODUCTION);
      expect(told(PRODUCTION)).toEqual(everyNode(first));
      expect(told(STAGING)).toEqual(everyNode(second));
      for (const stack of [STAGING, PRODUCTION])
        well(run(join(HOME, 'tools/cdktf'), 'destroy', stack, '--auto-approve'));
      expect([...nodes(STAGING), ...nodes(PRODUCTION)]).toEqual([]);
    });
  },
);
