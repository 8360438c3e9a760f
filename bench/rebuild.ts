import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { findProject } from '../factory/project';
import { formatSize } from '../factory/units';
import { hostExec } from '../factory/ports/machine/exec-host';
import { declaredLayers } from '../factory/recipes';
import { copyOf } from '../test/e2e/copy-of';
import { median, type Result } from './result';
import { UPDATED, updateDebs } from './update-debs';

const Baked = z.object({
  folder: z.string(),
  baked: z.boolean(),
  steps: z.array(z.object({ step: z.string(), cached: z.boolean() })),
});

type Took = z.infer<typeof Baked> & { readonly seconds: number };

/** Bakes and dd, interleaved: how fast a device is changes from one minute to the next. */
const TURNS = 5;

const say = (text: string): void => void process.stderr.write(`rebuild: ${text}\n`);
const show = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;

/** What a bake takes from nothing, after a night's updates, after a change of the code, and after none; inputs are in the vault. */
export async function rebuild(): Promise<readonly Result[]> {
  const checkout = findProject();
  const work = mkdtempSync(join(tmpdir(), 'kiln-rebuild-'));
  try {
    const project = copyOf(checkout.home, join(work, 'project'));
    const layers = declaredLayers(project).map(({ name }) => name);
    const cache = join(work, 'cache');
    mkdirSync(cache);
    if (!existsSync(join(checkout.cache, 'vault'))) throw new Error('the vault is empty: kiln bake');
    await hostExec.run('cp', ['-al', join(checkout.cache, 'vault'), cache]);

    const bake = (): Took => {
      const began = performance.now();
      const { status, stdout, stderr } = spawnSync(
        join(project, 'bin', 'kiln'),
        ['bake', '--offline', '--json'],
        { cwd: project, env: { ...process.env, KILN_CACHE: cache }, encoding: 'utf8', maxBuffer: 1 << 30 },
      );
      const seconds = (performance.now() - began) / 1000;
      if (status !== 0) throw new Error(`the bake failed\n${stderr}\n${stdout}`);
      return { seconds, ...Baked.parse(JSON.parse(stdout)) };
    };
    /** The disk's bytes again, from memory through to the device. */
    const write = async (disk: string): Promise<number> => {
      const copy = join(work, 'copy');
      // What the bakes left to be written is theirs: dd would wait for it, too. And some wrote past the page cache.
      await hostExec.run('sync', []);
      await hostExec.run('dd', [`if=${disk}`, 'of=/dev/null', 'bs=1M', 'status=none']);
      const began = performance.now();
      await hostExec.run('dd', [`if=${disk}`, `of=${copy}`, 'bs=1M', 'conv=fsync', 'status=none']);
      const seconds = (performance.now() - began) / 1000;
      rmSync(copy);
      return seconds;
    };

    say('cold: no layer, no disk tools');
    const cold = bake();
    say(`${show(cold.seconds)}; again, nothing changed`);
    const same = bake();
    if (same.baked) throw new Error('nothing had changed, and it baked');
    say(`${show(same.seconds)}; a night that changes ${UPDATED.join(', ')}`);
    await updateDebs(join(project, 'factory.lock.json'), cache, work);
    const night = bake();
    const rebuilt = night.steps.filter(({ step, cached }) => !cached && layers.includes(step));
    say(`${show(night.seconds)}; interleaved: a change of the code and the disk's bytes by dd`);
    const turns: { readonly baked: number; readonly written: number }[] = [];
    let { folder } = night;
    for (let turn = 0; turn < TURNS; turn += 1) {
      appendFileSync(join(project, 'jobs', 'src', 'flights', '__init__.py'), '\nCHANGED = True\n');
      const code = bake();
      if (code.folder === folder) throw new Error('the code had changed, and the image is the same');
      folder = code.folder;
      const written = await write(join(folder, 'image.raw'));
      turns.push({ baked: code.seconds, written });
      say(`${show(code.seconds)} : ${show(written)}`);
    }
    const shown = turns.map(({ baked, written }) => `${show(baked)} : ${show(written)}`).join(', ');
    const code = median(turns.map(({ baked }) => baked));
    return [
      {
        name: 'code-only bake : cold bake',
        ratio: code / cold.seconds,
        goal: 1 / 8,
        detail: `${show(code)} : ${show(cold.seconds)}`,
      },
      {
        name: 'code-only bake : dd with fsync',
        ratio: median(turns.map(({ baked, written }) => baked / written)),
        goal: 2,
        detail: `${shown} for ${formatSize(statSync(join(folder, 'image.raw')).size)}; the median of the ratios`,
      },
      {
        name: 'a night of five debs : cold bake',
        ratio: night.seconds / cold.seconds,
        goal: 0.6,
        detail: `${show(night.seconds)} : ${show(cold.seconds)}; built again: ${rebuilt.map(({ step }) => step).join(', ')}`,
      },
      {
        name: 'nothing changed : cold bake',
        ratio: same.seconds / cold.seconds,
        goal: 1 / 100,
        detail: `${show(same.seconds)} : ${show(cold.seconds)}`,
      },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
