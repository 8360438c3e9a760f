import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { LayerName } from '../../factory/contracts/layers';
import { Lock } from '../../factory/contracts/lock';
import { archive } from '../../factory/layers/archive';
import { type CachedLayer, LayerCache, TAR } from '../../factory/layers/cache';
import { surveyTar } from '../../factory/layers/manifest';
import { fileSha256 } from '../../factory/layers/tree-digest';
import { unpackedTree } from '../../factory/layers/trees';
import { FIXED_DATE } from '../../factory/layers/view';
import { withWorkFolder } from '../../factory/files/work-folder';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { findProject } from '../../factory/project';
import { declaredLayers } from '../../factory/recipes';
import { seenOf } from '../factory/layers/seen';

const home = resolve(__dirname, '..', '..');

const Explained = z.object({ layers: z.array(z.object({ layer: z.string(), key: z.string().nullable() })) });
const Baked = z.object({ digest: z.string(), folder: z.string(), baked: z.boolean() });
const Failed = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    faults: z.array(z.object({ where: z.string(), what: z.string() })).default([]),
  }),
});

type Outcome = z.infer<typeof Baked>;

/** Keys of the layers by name, of those whose key is known. */
type Keys = ReadonlyMap<LayerName, string>;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The same file at another place: a link, or a copy where a link cannot be. */
function take(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

export interface Circumstances {
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command as root runs it: namespaces of its own. */
  readonly outside?: readonly string[];
  /** Words before kiln itself, as its user runs them. */
  readonly inside?: readonly string[];
}

/** A project and a cache apart from this checkout's, for tests that kill, fill or vary what bakes there. */
export class Bakery {
  readonly project: string;
  readonly cache: string;
  private known: Keys | undefined;

  /**
   * @param user who bakes; else root.
   * @param project name of the project's folder.
   */
  constructor(
    readonly folder: string,
    readonly user?: number,
    project = 'project',
    cache = join(folder, 'cache'),
  ) {
    this.project = join(folder, project);
    this.cache = cache;
  }

  /** This checkout's files as git sees them; what it runs on is linked. */
  copyProject(): void {
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: home,
      encoding: 'utf8',
    }).split('\0');
    for (const file of files.filter((name) => name !== '' && existsSync(join(home, name)))) {
      mkdirSync(dirname(join(this.project, file)), { recursive: true });
      cpSync(join(home, file), join(this.project, file), {
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
    }
    cpSync(join(home, 'dist'), join(this.project, 'dist'), { recursive: true, preserveTimestamps: true });
    for (const name of ['node_modules', '.venv']) symlinkSync(join(home, name), join(this.project, name));
  }

  /** Downloads for those layers, and the disk tools, out of the user's cache. */
  takeDownloads(layers: readonly LayerName[] = ['code']): void {
    const checkout = findProject(home);
    const { inputs } = Lock.parse(JSON.parse(readFileSync(checkout.lock, 'utf8')));
    for (const { use, sha256 } of inputs) {
      if (use !== 'tools' && !layers.some((name) => name === use)) continue;
      const file = join('vault', sha256.slice(0, 2), sha256);
      mkdirSync(dirname(join(this.cache, file)), { recursive: true });
      take(join(checkout.cache, file), join(this.cache, file));
    }
    cpSync(join(checkout.cache, 'tools'), join(this.cache, 'tools'), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }

  /** A layer of the user's cache, whole; its files are links. */
  linkLayer(name: LayerName): void {
    const key = this.checkoutKeys().get(name) ?? '';
    const from = new LayerCache(findProject(home).cache).folder(key);
    const to = new LayerCache(this.cache).folder(key);
    mkdirSync(to, { recursive: true });
    for (const file of readdirSync(from)) take(join(from, file), join(to, file));
  }

  /** Keys in a project with a cache: a layer has one as soon as those that it sees are there. */
  private keysIn(project: string, env: NodeJS.ProcessEnv): Keys {
    const { stdout } = spawnSync(join(project, 'bin', 'kiln'), ['bake', '--explain', '--json'], {
      cwd: project,
      env,
      encoding: 'utf8',
    });
    const { layers } = Explained.parse(JSON.parse(stdout));
    return new Map(
      layers.flatMap(({ layer, key }): [string, string][] => (key === null ? [] : [[layer, key]])),
    );
  }

  /** Those of this checkout, whose layers are baked. */
  private checkoutKeys(): Keys {
    this.known ??= this.keysIn(home, process.env);
    return this.known;
  }

  /** A layer of this checkout. */
  private checkoutLayer(name: LayerName): CachedLayer {
    const layer = new LayerCache(findProject(home).cache).get(this.checkoutKeys().get(name) ?? '');
    if (layer === undefined) throw new Error(`layer ${name} of this checkout is not baked`);
    return layer;
  }

  /**
   * In place of the layers that are not to be built, ones under the same keys with little in them: a C library, a shell and a kernel of
   * some bytes, Python without packages. A bake then is a real one, of the real steps, in seconds.
   */
  private async standIns(built: readonly LayerName[]): Promise<void> {
    const fills = new Map([...this.fills()].filter(([name]) => !built.includes(name)));
    // A layer has a key when those that it sees stand there.
    while (fills.size > 0) {
      const keys = this.keysIn(this.project, this.environment());
      const ready = [...fills].filter(([name]) => keys.has(name));
      if (ready.length === 0) throw new Error(`no layer of ${[...fills.keys()].join(', ')} has a key`);
      for (const [name, fill] of ready) {
        await this.standIn(name, keys.get(name) ?? '', fill);
        fills.delete(name);
      }
    }
  }

  /** What each layer has that only stands for one. */
  private fills(): ReadonlyMap<LayerName, (out: string) => Promise<void>> {
    const { cache } = findProject(home);
    const os = async (out: string): Promise<void> => {
      const libraries = 'usr/lib/x86_64-linux-gnu';
      // The code package is built by programs that a shell script may stand for.
      const shown = seenOf(this.checkoutLayer('os'), [
        'usr/lib64',
        ...[
          'ld-linux',
          'libc.so',
          'libm.so',
          'libdl.so',
          'librt.so',
          'libutil.so',
          'libpthread.so',
          'libresolv.so',
        ].map((file) => `${libraries}/${file}*`),
        ...['env', 'sh', 'dash'].map((file) => `usr/bin/${file}`),
      ]);
      execFileSync('cp', ['-a', `${await unpackedTree(hostExec, cache, shown)}/.`, out]);
      for (const made of ['boot', 'usr/lib/kiln']) mkdirSync(join(out, made), { recursive: true });
      for (const file of ['vmlinuz', 'initrd']) writeFileSync(join(out, 'boot', file), file.repeat(1000));
      mkdirSync(join(out, 'var/lib/spark'), { recursive: true, mode: 0o750 });
      execFileSync('chown', ['990:990', join(out, 'var/lib/spark')]);
    };
    const conda = async (out: string): Promise<void> => {
      const tree = await unpackedTree(
        hostExec,
        cache,
        seenOf(this.checkoutLayer('conda'), undefined, [], FIXED_DATE),
      );
      const copy = `tar -C "$1" -c --exclude='site-packages/*' opt/conda-env | tar -C "$2" -x`;
      execFileSync('bash', ['-o', 'pipefail', '-c', copy, 'copy', tree, out]);
    };
    const little = (name: LayerName) => (out: string) => {
      // Where the recipe of the jars layer sees it.
      const folder = join(out, ['spark', 'hadoop'].includes(name) ? 'opt/spark/jars' : join('opt', name));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}.jar`), name.repeat(100_000));
      return Promise.resolve();
    };
    return new Map(
      declaredLayers(home).map(({ name }) => [
        name,
        name === 'os' ? os : name === 'conda' ? conda : little(name),
      ]),
    );
  }

  private async standIn(name: LayerName, key: string, fill: (out: string) => Promise<void>): Promise<void> {
    await withWorkFolder(this.cache, name, async (work) => {
      const [out, tar] = [join(work, 'out'), join(work, TAR)];
      mkdirSync(out);
      await fill(out);
      await archive(hostExec, { tree: out, tar, epoch: FIXED_DATE, keepOwners: name === 'os' });
      const surveyed = await surveyTar(tar, work);
      new LayerCache(this.cache).put({ version: 2, name, key, ...surveyed }, work);
    });
  }

  /** All that a bake of little needs: see standIns. */
  async stockSmall(): Promise<this> {
    this.copyProject();
    await this.stock(['code']);
    return this;
  }

  /** The same for a project that is there already; downloads are those of the layers that are to be built. */
  async stock(layers: readonly LayerName[]): Promise<void> {
    this.takeDownloads(layers);
    await this.standIns(layers);
    this.handOver();
  }

  /** Gives the folder to the user who bakes. Linked files stay root's: a user may only read them. */
  handOver(): void {
    if (this.user === undefined) return;
    const owner = String(this.user);
    execFileSync('find', [
      ...[this.folder, '-xdev', '(', '-links', '-2', '-o', '-type', 'd', ')'],
      ...['-exec', 'chown', '-h', `${owner}:${owner}`, '{}', '+'],
    ]);
  }

  private command(args: readonly string[], circumstances: Circumstances): string[] {
    const { outside = [], inside = [] } = circumstances;
    const user =
      this.user === undefined
        ? []
        : ['unshare', '--mount', '--', join(__dirname, 'ordinary-user'), String(this.user), this.folder];
    const enter = ['bash', '-c', 'cd "$1" && shift && exec "$@"', 'enter', this.project];
    return [...outside, ...user, ...enter, ...inside, join(this.project, 'bin', 'kiln'), ...args];
  }

  private environment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.folder, KILN_CACHE: this.cache, ...env };
  }

  /** Starts `kiln bake --offline --json`, or what else of kiln; the process id is kiln's own. */
  start(
    circumstances: Circumstances = {},
    words: readonly string[] = ['bake', '--offline', '--json'],
  ): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
    const [program = '', ...args] = this.command(words, circumstances);
    const child = spawn(program, args, {
      env: this.environment(circumstances.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const ended = new Promise<Ran>((done, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        done({ code, out, err });
      });
    });
    return { child, ended };
  }

  /** A bake that must succeed. */
  async bake(circumstances: Circumstances = {}): Promise<Outcome> {
    return baked(await this.start(circumstances).ended);
  }

  /**
   * What a bake leaves, but for the layers below code: the next one builds code and the disk again.
   * @param images what stays of them: with those, the next takes what it can from the newest.
   */
  forget(images: 'no image' | 'images stay' = 'no image'): void {
    const cache = new LayerCache(this.cache);
    for (const key of readdirSync(join(this.cache, 'layers')))
      if (cache.get(key)?.name === 'code') rmSync(cache.folder(key), { recursive: true });
    for (const name of images === 'no image' ? ['images', 'bakes', 'latest'] : ['bakes', 'latest'])
      rmSync(join(this.project, '.kiln', name), { recursive: true, force: true });
  }

  /** Every layer and image that can be seen and is not whole; empty is good. */
  async halves(): Promise<string[]> {
    const found: string[] = [];
    const layers = join(this.cache, 'layers');
    const cache = new LayerCache(this.cache);
    for (const key of existsSync(layers) ? readdirSync(layers) : []) {
      const layer = cache.get(key);
      if (layer === undefined || `sha256:${await fileSha256(layer.tar)}` !== layer.digest)
        found.push(join(layers, key));
    }
    const images = join(this.project, '.kiln', 'images');
    for (const hex of existsSync(images) ? readdirSync(images) : []) {
      const disk = join(images, hex, 'image.raw');
      if (!existsSync(disk) || (await fileSha256(disk)) !== hex) found.push(join(images, hex));
    }
    return found;
  }
}

/** What a bake that must succeed said. */
export function baked(ran: Ran): Outcome {
  if (ran.code !== 0) throw new Error(`the bake failed (${String(ran.code)})\n${ran.err}\n${ran.out}`);
  return Baked.parse(JSON.parse(ran.out));
}

/** What a bake that must fail said. */
export function failed(ran: Ran): z.infer<typeof Failed>['error'] {
  if (ran.code !== 3 || ran.out === '')
    throw new Error(`exit code 3 was expected, not ${String(ran.code)}\n${ran.err}`);
  return Failed.parse(JSON.parse(ran.out)).error;
}

export const whole = process.env['KILN_TEST_ALL'] === '1';
