import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { placeSource } from '../../../factory/code/place';
import { codeSource } from '../../../factory/code/source';
import { Lock, PypiInput, type Input } from '../../../factory/contracts/lock';
import type { ImageRecord } from '../../../factory/contracts/record';
import { LayerCache } from '../../../factory/layers/cache';
import { python } from '../../../factory/layers/given/python';
import { runRecipe } from '../../../factory/layers/sandbox';
import { unpackedTree } from '../../../factory/layers/trees';
import { FIXED_DATE } from '../../../factory/layers/view';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { findProject, type Project } from '../../../factory/project';
import { declaredLayers } from '../../../factory/recipes';
import type { DeclaredLayer } from '../../../factory/recipes/declaration';
import { openVault } from '../../../factory/vault';
import { seenOf } from '../../factory/layers/seen';
import backends from './backends.json';
import type { Checkout } from './checkout';

const HOME = resolve(__dirname, '../../..');

function declaredLayer(name: string): DeclaredLayer {
  const found = declaredLayers(HOME).find((layer) => layer.name === name);
  if (found === undefined) throw new Error(`there is no layer ${name}`);
  return found;
}

export type BackendName = keyof typeof backends;

const pinned = (name: BackendName): PypiInput[] =>
  backends[name].map((wheel) => PypiInput.parse({ use: 'code', source: 'pypi', ...wheel }));

const Contents = z.record(z.string(), z.tuple([z.string(), z.boolean()]));
/** sha256 and executable bit of each file of a wheel. */
type WheelContents = z.infer<typeof Contents>;

/** What a wheel is compared by: RECORD only repeats it. */
const LIST = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    print(json.dumps({
        info.filename: [hashlib.sha256(wheel.read(info)).hexdigest(), bool(info.external_attr >> 16 & 0o100)]
        for info in wheel.infolist() if not info.is_dir() and not info.filename.endswith(".dist-info/RECORD")
    }))
`;

const contents = (wheel: string): WheelContents =>
  Contents.parse(JSON.parse(execFileSync('python3', ['-c', LIST, wheel], { encoding: 'utf8' })));

const theWheel = (folder: string): string => {
  const [wheel = '', ...others] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  if (wheel === '' || others.length > 0) throw new Error(`${folder} has not one wheel`);
  return join(folder, wheel);
};

export interface Built {
  /** File name of the wheel. */
  readonly wheel: string;
  readonly contents: WheelContents;
  /** The layer's tree. */
  readonly tree: string;
}

/**
 * Builds the code layer of projects that tests write, by its recipe in its sandbox, upon the layers below it that the
 * baked image was made of.
 */
export class CodeBench {
  readonly folder: string;
  private readonly own: Project;
  private readonly lock: Lock;
  private readonly inputs: string;
  private readonly trees = new Map<string, string>();

  constructor(private readonly record: ImageRecord) {
    this.own = findProject(HOME);
    mkdirSync(this.own.state, { recursive: true });
    this.folder = mkdtempSync(join(this.own.state, 'code-bench-'));
    this.lock = Lock.parse(JSON.parse(readFileSync(this.own.lock, 'utf8')));
    this.inputs = join(this.folder, 'inputs');
  }

  /** Fetches what all projects build with and unpacks the layers below. */
  async open(): Promise<void> {
    const debs = this.lock.inputs.filter(({ use, source }) => use === 'code' && source === 'debian');
    const wheels = (Object.keys(backends) as BackendName[]).flatMap(pinned);
    const all = [...new Map([...debs, ...wheels].map((input) => [input.sha256, input])).values()];
    const vault = openVault(this.own, { epoch: this.lock.epoch });
    try {
      await vault.ensure(all);
      mkdirSync(this.inputs);
      await vault.place(all, this.inputs);
    } finally {
      await vault.close();
    }
    const cache = new LayerCache(this.own.cache);
    for (const { layer: name, only, without } of declaredLayer('code').sees) {
      const key = this.record.layers.find((layer) => layer.name === name)?.key ?? '';
      const layer = cache.get(key);
      if (layer === undefined) throw new Error(`layer ${name} of the image is not in the cache`);
      const epoch = declaredLayer(name).lock.includes('epoch') ? this.lock.epoch : FIXED_DATE;
      const seen = seenOf(layer, only, without, epoch);
      this.trees.set(name, await unpackedTree(hostExec, this.own.cache, seen));
    }
  }

  /** The layer of a checkout, built with those wheels and no others. */
  async build(checkout: Checkout, wheels: readonly BackendName[]): Promise<Built> {
    const { out, tmp } = await this.layer(checkout, wheels);
    const wheel = theWheel(join(tmp, 'wheel'));
    return { wheel: wheel.slice(wheel.lastIndexOf('/') + 1), contents: contents(wheel), tree: out };
  }

  /** The layer of a checkout that is no package: its tree. */
  async place(checkout: Checkout): Promise<string> {
    return (await this.layer(checkout, [])).out;
  }

  /** What the image's Python prints for a program, with a tree of the code layer upon the layers below it. */
  async python(tree: string, program: string): Promise<string> {
    const root = join(this.folder, 'root');
    mkdirSync(root, { recursive: true });
    // What the layer sees of the base is /usr; programs are started by way of these links.
    const links = join(this.folder, 'links');
    mkdirSync(links, { recursive: true });
    for (const name of ['lib', 'lib64']) {
      if (!existsSync(join(links, name))) symlinkSync(`usr/${name}`, join(links, name));
    }
    const layers = [tree, ...[...this.trees.values()].reverse(), links].join(':');
    const script = [
      'mount -t overlay -o "lowerdir=$1" overlay "$2"',
      'exec chroot "$2" /opt/conda-env/bin/python -B -c "$3"',
    ].join(' && ');
    const result = await hostExec.run('unshare', [
      ...['--mount', '--', 'sh', '-c', script, 'sh', layers, root, program],
    ]);
    return result.stdout.trim();
  }

  private async layer(
    checkout: Checkout,
    wheels: readonly BackendName[],
  ): Promise<{ readonly out: string; readonly tmp: string }> {
    const work = join(this.folder, `${checkout.name}-work`);
    rmSync(work, { recursive: true, force: true });
    const [out, tmp, root, source] = ['out', 'tmp', 'root', 'source'].map((name) => join(work, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [out, tmp, root]) mkdirSync(folder, { recursive: true, mode: 0o755 });
    const project: Project = {
      ...this.own,
      root: checkout.root,
      state: join(checkout.root, '.kiln'),
      lock: join(work, 'factory.lock.json'),
    };
    const inputs: Input[] = [
      ...this.lock.inputs.filter(({ use, source: from }) => use === 'code' && from === 'debian'),
      ...wheels.flatMap(pinned),
    ];
    const { choices } = this.lock;
    writeFileSync(project.lock, JSON.stringify({ choices: { python: choices.python }, inputs }));
    const found = await codeSource(project, checkout.code, hostExec);
    await placeSource(found, source, hostExec);
    const given = await python.place(
      { project, code: checkout.code, exec: hostExec },
      { work, inputs: this.inputs },
    );
    await runRecipe(hostExec, {
      ...{ project, out, tmp, root },
      name: 'code',
      inputs: this.inputs,
      lock: project.lock,
      visible: [
        ...(given.visible ?? []),
        ...this.trees.values(),
        source,
        join(HOME, 'images/layers/conda/conda_layer'),
      ],
      environment: {
        ...given.environment,
        KILN_SPARK: choices.spark.value,
        KILN_SOURCE: source,
        KILN_CODE: found.folder,
        KILN_HISTORY: found.history === undefined ? '' : '1',
        KILN_OS_TREE: this.trees.get('os') ?? '',
        KILN_CONDA_TREE: this.trees.get('conda') ?? '',
      },
      epoch: this.lock.epoch,
      log: join(work, 'log'),
    });
    return { out, tmp };
  }

  /** What pip makes of a copy of the checkout, with the same wheels, on this machine's Python. */
  async pipWheel(checkout: Checkout, wheels: readonly BackendName[]): Promise<Omit<Built, 'tree'>> {
    const work = join(this.folder, `${checkout.name}-pip`);
    rmSync(work, { recursive: true, force: true });
    for (const name of ['find', 'made']) mkdirSync(join(work, name), { recursive: true });
    for (const { file } of wheels.flatMap(pinned)) cpSync(join(this.inputs, file), join(work, 'find', file));
    // pip builds in the checkout and leaves there what it made.
    cpSync(checkout.root, join(work, 'checkout'), { recursive: true, verbatimSymlinks: true });
    // What git ignores reaches no image: pip's checkout is one that never had it.
    if (existsSync(join(checkout.root, '.git'))) {
      execFileSync('git', ['clean', '-fdXq'], { cwd: join(work, 'checkout') });
      // Nor does what makes a folder a submodule: some backends would pack it.
      execFileSync('find', [join(work, 'checkout'), '-mindepth', '2', '-name', '.git', '-delete']);
    }
    const folder = join(work, 'checkout', checkout.code);
    // pip itself asks for one of pyproject.toml and setup.py; with an empty one the same defaults hold.
    if (!existsSync(join(folder, 'pyproject.toml'))) writeFileSync(join(folder, 'pyproject.toml'), '');
    await ended(
      'python3',
      [
        ...['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-index', '--find-links', join(work, 'find')],
        ...['--no-cache-dir', '--wheel-dir', join(work, 'made'), folder],
      ],
      { SOURCE_DATE_EPOCH: String(this.lock.epoch) },
    );
    const wheel = theWheel(join(work, 'made'));
    return { wheel: wheel.slice(wheel.lastIndexOf('/') + 1), contents: contents(wheel) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function ended(program: string, args: readonly string[], env: Record<string, string>): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, PIP_FIND_LINKS: '', ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}\n${said}`);
}
