import { appendFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../factory/machines/network';
import { whole } from './bakery';
import { bakedImage } from './image';
import { type Inventory, leftovers, takeInventory } from './leftovers';
import { appOf, SideProject, well } from './side-project';

/*
 * Two images, two channels, two clusters of this machine: what a promotion, a rollback and the deploys after them
 * do to nodes.
 */
const STAGING = `s${String(process.pid)}`;
const PRODUCTION = `p${String(process.pid)}`;

interface Node {
  readonly name: string;
  readonly role: string;
  readonly phase: string;
  readonly reported: string | null;
}

/** A stack for each channel. */
const stacks = (store: number): string => `
  const props = { workers: 1, worker: { cores: 1, memoryMiB: 1024 }, store: localStore({ port: ${String(store)} }) };
  new LocalClusterStack(app, '${STAGING}', { ...props, image: GoldenImage.channel('staging') });
  new LocalClusterStack(app, '${PRODUCTION}', { ...props, image: GoldenImage.channel('production') });`;

const image = bakedImage();
const skip = !whole ? 'make test-all' : typeof image === 'string' ? image : undefined;

describe.skipIf(skip !== undefined)(
  `deploys follow channels${skip === undefined ? '' : ` (${skip})`}`,
  () => {
    if (typeof image === 'string') return;
    const first = image.record.digest;
    let project: SideProject;
    let second: string;
    let before: Inventory;

    const kiln = (...args: readonly string[]): string => well(project.kiln(...args));
    const deploy = (...stacks: readonly string[]): string =>
      well(project.cdktf('deploy', ...stacks, '--auto-approve'));

    /** What `cdktf diff` says of the machines of a stack: the groups that would be replaced; empty for no change. */
    const diff = (stack: string): readonly string[] => {
      // Terraform colours its plan.
      const out = stripVTControlCharacters(well(project.cdktf('diff', stack)));
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
      project = new SideProject('roll-test', ['environment.yml', 'factory.lock.json', 'jobs']);
      // The channels have gates elsewhere; this test is about what moves, not about what is proven.
      project.setChannels('  staging: {}\n  production: {}\n');
      const port = await freePort();
      project.setApp(appOf(stacks(port)));
      project.takeImage(image);
      kiln('registry', 'init');
      kiln('store', 'up', '--port', String(port));
      kiln('promote', first, 'staging', '--apply');
      kiln('promote', 'staging', 'production', '--apply');

      appendFileSync(project.file('jobs/src/flights/__init__.py'), '\nCHANGED = True\n');
      second = (JSON.parse(kiln('bake', '--json')) as { digest: string }).digest;
      expect(second).not.toBe(first);
    });
    afterAll(async () => {
      for (const cluster of [STAGING, PRODUCTION]) project.kiln('machines', 'down', '--cluster', cluster);
      project.kiln('store', 'down');
      project.remove();
      const left = await leftovers(before, { about: [project.folder, STAGING, PRODUCTION], within: 10 });
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
      for (const stack of [STAGING, PRODUCTION]) well(project.cdktf('destroy', stack, '--auto-approve'));
      expect([...nodes(STAGING), ...nodes(PRODUCTION)]).toEqual([]);
    });
  },
);
