import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lock, type CondaInput, type Input } from '../../factory/contracts/lock';
import { ContentStore } from '../../factory/files/content-store';
import { LayerCache } from '../../factory/layers/cache';
import { python as ownPython } from '../../factory/layers/given/python';
import { planLayers } from '../../factory/layers/plan';
import { requireKeyed } from '../../factory/layers/resolve';
import { runRecipe } from '../../factory/layers/sandbox';
import { unpackedTree } from '../../factory/layers/trees';
import { resolvePip } from '../../factory/lock/conda/pip';
import { openChannels } from '../../factory/ports/inputs/channels';
import { hostHttp } from '../../factory/ports/inputs/http-host';
import { FakeMirrors } from '../../factory/ports/inputs/mirrors-fake';
import { PythonIndex } from '../../factory/ports/inputs/python-index';
import { hostClock } from '../../factory/ports/machine/clock';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { findProject } from '../../factory/project';
import { readSpec } from '../../factory/spec/read';
import { readEnvironment } from '../../factory/spec/environment';
import { openVault } from '../../factory/vault';
import { ContentVault } from '../../factory/vault/content-vault';
import { JudgedFolder } from '../../factory/vault/inspect/judged';
import { Locator } from '../../factory/vault/locate';
import { HttpSource, Sources } from '../../factory/vault/sources';
import { servePythonIndex, wheelOf } from '../python-index';
import { bakedImage } from './image';

const image = bakedImage();
const HOME = resolve(__dirname, '../..');
const PREFIX = 'opt/conda-env';
const SITE = `${PREFIX}/lib/python3.13/site-packages`;

const WHEELS = [
  wheelOf('kiln-test-helper', '1.0'),
  wheelOf('kiln-test-tool', '2.0', ['kiln-test-helper>=1'], {
    'kiln_test_tool/say.py':
      'import kiln_test_helper\n\ndef main():\n    print("helper", kiln_test_helper.VERSION)\n',
    'kiln_test_tool-2.0.dist-info/entry_points.txt':
      '[console_scripts]\nkiln-test-tool = kiln_test_tool.say:main\n',
  }),
];

/** Runs a program of the environment on the image's base, as the layer's own recipe does it. */
const IN_THE_IMAGE = `
import sys
from pathlib import Path
from conda_layer.chroot import chroot
runtime, environment, scratch = map(Path, sys.argv[1:4])
scratch.mkdir()
with chroot(runtime, environment, scratch) as root:
    sys.exit(root.start(sys.argv[4:]).wait())
`;

/** Every path below a folder with its mode, time, and content or target. */
function contentOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = lstatSync(path);
      const sha256 = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return `${path.slice(folder.length)} ${mode.toString(8)} ${String(mtimeMs)} ${sha256}`;
    })
    .sort();
}

describe.skipIf(typeof image === 'string')('a conda layer with a pip part (needs root)', () => {
  const own = findProject(HOME);
  const lock = Lock.parse(JSON.parse(readFileSync(own.lock, 'utf8')));
  const python = lock.inputs.filter(
    (input): input is CondaInput => input.source === 'conda' && input.name === 'python',
  );
  let folder = '';
  let runtime = '';
  let wheels: readonly Input[] = [];

  beforeAll(async () => {
    if (typeof image === 'string') return;
    mkdirSync(own.state, { recursive: true });
    folder = mkdtempSync(join(own.state, 'pip-bench-'));
    const planned = await planLayers(own, lock, readSpec(own).spec.code);
    const { keyed } = requireKeyed(planned, new LayerCache(own.cache), 'conda');
    for (const seen of keyed.sees) runtime = await unpackedTree(hostExec, own.cache, seen);

    const served = await servePythonIndex(WHEELS);
    const conda = openVault(own, { epoch: lock.epoch });
    const channels = openChannels(folder, {});
    const locator = new Locator(hostHttp, new FakeMirrors({ pypi: served.url }), channels);
    const pypi = new ContentVault({
      store: new ContentStore(join(folder, 'vault')),
      sources: new Sources([new HttpSource('the mirror', hostHttp, (input) => locator.url(input))]),
      channels,
      clock: hostClock,
      judged: new JudgedFolder(join(folder, 'judged'), 'rules'),
      offline: false,
    });
    try {
      const text = 'channels: [c]\ndependencies: [python, {pip: [kiln-test-tool]}]\n';
      const { environment } = readEnvironment('environment.yml', Buffer.from(text), {}, () => undefined);
      const base = (): Promise<string> => Promise.resolve(served.url);
      await conda.ensure(python);
      wheels = await resolvePip(
        {
          ...{ file: 'environment.yml', pip: environment.pip, packages: python, home: HOME },
          target: { python: python[0]?.version ?? '', glibc: '2.41' },
          needs: { file: 'pyproject.toml', requires: [], requiresPython: undefined, spark: '4.1.4' },
        },
        {
          ...{ exec: hostExec, base, index: new PythonIndex(hostHttp, base), step: () => undefined },
          files: (inputs) => Promise.resolve(inputs.map(({ sha256 }) => conda.path(sha256))),
        },
      );
      await pypi.ensure(wheels);
      mkdirSync(join(folder, 'inputs'));
      await conda.place(python, join(folder, 'inputs'));
      await pypi.place(wheels, join(folder, 'inputs'));
    } finally {
      served.close();
      await conda.close();
      await pypi.close();
    }
  });
  afterAll(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  async function build(name: string): Promise<string> {
    const work = join(folder, name);
    const [out, tmp, root] = ['out', 'tmp', 'root'].map((each) => join(work, each)) as [
      string,
      string,
      string,
    ];
    for (const each of [out, tmp, root]) mkdirSync(each, { recursive: true, mode: 0o755 });
    const part = join(work, 'factory.lock.json');
    writeFileSync(part, JSON.stringify({ condaWithout: [], inputs: [...python, ...wheels] }));
    const given = await ownPython.place(
      { project: own, code: '', exec: hostExec },
      { work, inputs: join(folder, 'inputs') },
    );
    await runRecipe(hostExec, {
      ...{ project: own, name: 'conda', lock: part, out, tmp, root },
      inputs: join(folder, 'inputs'),
      visible: [...(given.visible ?? []), runtime],
      environment: { ...given.environment, KILN_RUNTIME_TREE: runtime },
      epoch: lock.epoch,
      log: join(work, 'log'),
    });
    return out;
  }

  const run = (out: string, name: string, args: readonly string[]): string =>
    execFileSync(
      'unshare',
      [
        ...['--mount', '--propagation', 'private', join(HOME, '.venv/bin/python'), '-c', IN_THE_IMAGE],
        ...[runtime, join(out, PREFIX), join(folder, name), ...args],
      ],
      {
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          PYTHONPATH: join(HOME, 'images/layers/conda'),
          SOURCE_DATE_EPOCH: String(lock.epoch),
        },
      },
    );

  it('has the locked wheels, which its Python imports, and is the same twice', async () => {
    expect(wheels.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'kiln-test-helper 1.0',
      'kiln-test-tool 2.0',
    ]);
    const out = await build('one');
    expect(run(out, 'import', ['-c', 'from kiln_test_tool.say import main; main()'])).toBe('helper 1.0\n');
    expect(run(out, 'command', ['/opt/conda-env/bin/kiln-test-tool'])).toBe('helper 1.0\n');
    const metadata = `${SITE}/kiln_test_tool-2.0.dist-info`;
    expect(readFileSync(join(out, metadata, 'INSTALLER'), 'utf8')).toBe('kiln\n');
    expect(readdirSync(join(out, SITE, 'kiln_test_tool/__pycache__'))).toHaveLength(2);
    const again = await build('another');
    expect(contentOf(again)).toEqual(contentOf(out));
  });
});
