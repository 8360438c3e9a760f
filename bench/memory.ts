import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../factory/bake/session';
import { LayerCache, type CachedLayer } from '../factory/layers/cache';
import { builtLayers } from './built-layers';
import type { Result } from './result';
import { rewriteLayer } from './rewrite-layer';
import { formatSize } from '../factory/units';

/** Bytes of a file, and how many of them the larger image has more. */
const FILE = 256 << 20;
const FILES = 8;

/** Runs a program; prints the peak of its own and its descendants' memory in KiB, the largest process's. */
const MEASURE = [
  'import resource, subprocess, sys',
  'subprocess.run(sys.argv[1:], check=True)',
  'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)',
].join('\n');

const say = (text: string): void => void process.stderr.write(`memory: ${text}\n`);

/** The memory that assembling an image takes must not grow with it. */
export async function memory(): Promise<readonly Result[]> {
  const { project, plan, vault } = await openSession();
  await vault.close();
  const cache = new LayerCache(project.cache);
  const layers = builtLayers(plan, cache);
  const work = mkdtempSync(join(tmpdir(), 'kiln-memory-'));
  /** MB of the largest process. */
  const peak = (name: string, of: readonly CachedLayer[]): number => {
    say(name);
    const state = join(work, 'state');
    mkdirSync(state);
    const { status, stdout, stderr } = spawnSync(
      join(project.home, '.venv', 'bin', 'python'),
      ['-c', MEASURE, process.execPath, join(__dirname, 'assemble-alone.js')],
      { input: JSON.stringify({ state, layers: of }), encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`the layers were not put together\n${stderr}`);
    rmSync(state, { recursive: true });
    return Number(stdout.trim()) / 1000;
  };
  try {
    const content = randomBytes(FILE);
    const added = new Map(
      Array.from({ length: FILES }, (_, n) => [`./opt/conda-env/more-${String(n)}`, content] as const),
    );
    const larger = await Promise.all(
      layers.map((layer) =>
        layer.name === 'code' ? rewriteLayer(layer, work, (_, same) => same, added) : Promise.resolve(layer),
      ),
    );
    const before = peak('the image as it is', layers);
    const after = peak(`with ${String(FILES * (FILE >> 20))} MiB more`, larger);
    return [
      {
        name: 'memory for a larger image',
        ratio: after / before,
        goal: 1.2,
        detail: `${formatSize(1e6 * after)} : ${formatSize(1e6 * before)}, with ${formatSize(FILES * FILE)} more`,
      },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
