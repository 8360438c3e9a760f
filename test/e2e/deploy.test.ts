import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../factory/machines/network';
import { bake as smallBake, verdictOf } from '../factory/registry/support';
import { whole } from './bakery';
import { bakedImage } from './image';
import { type Inventory, leftovers, takeInventory } from './leftovers';
import { appOf, SideProject, well } from './side-project';

/** A name and a port of its own: whatever else runs on this machine stays as it is. */
const NAME = `t${String(process.pid)}`;
const CLUSTER = `/run/kiln/clusters/${NAME}`;
/** Settings of a caller that must not matter. */
const FOREIGN = {
  AWS_PROFILE: 'nobody',
  AWS_ACCESS_KEY_ID: 'of somebody else',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  TF_WORKSPACE: 'another',
  TF_CLI_CONFIG_FILE: '/nonexistent',
};

let project: SideProject;
let port: number;

beforeEach(async () => {
  port = await freePort();
  project = new SideProject('deploy-test', ['environment.yml', 'jobs'], FOREIGN);
  // production has a gate elsewhere; this test is about placing, not about proving.
  project.setChannels('  production: {}\n');
  project.setApp(
    appOf(`
  new LocalClusterStack(app, '${NAME}', {
    image: GoldenImage.channel('production'),
    store: localStore({ port: ${String(port)} }),
  });
  // Its channel points at nothing: that keeps nobody from deploying or destroying the other.
  new LocalClusterStack(app, '${NAME}-next', { image: GoldenImage.channel('candidate') });`),
  );
});
afterEach(() => {
  project.remove();
});

/** Resources in terraform's state. */
function resources(): readonly unknown[] {
  const file = project.file(`terraform.${NAME}.tfstate`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { resources: unknown[] }).resources;
}

const notHere = process.getuid?.() === 0 ? undefined : 'needs root';

describe.skipIf(notHere !== undefined)(`cdktf deploy${notHere === undefined ? '' : ` (${notHere})`}`, () => {
  it('of an image that cannot boot fails with the cause, and destroy takes away what there is', async () => {
    const before = takeInventory([project.folder]);
    well(project.kiln('registry', 'init'));
    const digest = smallBake(project.file('.kiln/images'), 'no disk', {
      verdicts: [verdictOf('no disk')],
    });
    well(project.kiln('promote', digest, 'production', '--apply'));

    const deploy = project.cdktf('deploy', NAME, '--auto-approve');
    expect(deploy.code).not.toBe(0);
    // Terraform breaks long lines.
    expect(deploy.text.replaceAll(/\s+/g, ' ')).toMatch(
      /its record names no root partition|there is no file .*store/,
    );
    expect(existsSync(CLUSTER)).toBe(false);

    const next = project.cdktf('deploy', `${NAME}-next`, '--auto-approve');
    expect(next.code).not.toBe(0);
    expect(next.text).toContain('channel candidate of image spark-node points at nothing yet');

    // Whatever became of the image, and of the registry, what was deployed can be taken away.
    rmSync(project.file('.kiln/registry'), { recursive: true });
    well(project.cdktf('destroy', NAME, '--auto-approve'));
    expect(resources()).toEqual([]);
    expect(await leftovers(before, { about: [project.folder, CLUSTER] })).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^(process|mount|namespace|loop|control group)/)]),
    );
  });

  const image = bakedImage();
  const lacks = !whole ? 'make test-all; the demo does the same' : typeof image === 'string' ? image : '';
  describe.skipIf(lacks !== '')(`of a real image${lacks === '' ? '' : ` (${lacks})`}`, () => {
    if (typeof image === 'string') return;
    let before: Inventory;
    beforeEach(() => {
      before = takeInventory();
      project.takeImage(image);
    });
    afterEach(() => {
      project.kiln('machines', 'down', '--cluster', NAME);
      project.kiln('store', 'down');
    });

    it('places it, is done when the workers are registered, changes nothing the second time, and leaves nothing', async () => {
      const { digest } = image.record;
      well(project.kiln('registry', 'init'));
      well(project.kiln('promote', digest, 'production', '--apply'));
      well(project.kiln('store', 'up', '--port', String(port)));

      expect(well(project.cdktf('deploy', NAME, '--auto-approve'))).toContain(digest);
      const clusters = JSON.parse(well(project.kiln('clusters', '--json'))) as {
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

      const again = project.cdktf('deploy', NAME, '--auto-approve');
      expect(well(again)).toMatch(/No changes/);

      well(project.cdktf('destroy', NAME, '--auto-approve'));
      expect(resources()).toEqual([]);
      well(project.kiln('store', 'down'));
      const left = await leftovers(before, { about: [project.folder, NAME], within: 10 });
      expect(left.filter((line) => !line.startsWith('temporary'))).toEqual([]);
    });
  });
});
