import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lock } from '../../factory/contracts/lock';
import { ImageRecord } from '../../factory/contracts/record';
import { LayerCache } from '../../factory/layers/cache';
import { unpackedTree } from '../../factory/layers/trees';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { findProject } from '../../factory/project';
import { declaredLayers } from '../../factory/recipes';
import { seenOf } from '../factory/layers/seen';
import { Bakery, whole } from './bakery';
import { bakedImage } from './image';
import { leftovers, takeInventory } from './leftovers';

const image = bakedImage();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-anywhere-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const DAY = 86_400_000;

/** The day a base system must not know: that on which it was made, as files would have it. */
function dayOf(date: Date): string[] {
  const [year, month, day] = date.toISOString().slice(0, 10).split('-') as [string, string, string];
  const name = date.toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' });
  return [
    `${year}-${month}-${day}`,
    `${day}/${month}/${year}`,
    `${name} ${day.replace(/^0/, ' ')} [0-9:]* ${year}`,
    `${day} ${name} ${year}`,
    // The last field but five of /etc/shadow: days since 1970.
    `^[a-z_-]*:[^:]*:${String(Math.floor(date.getTime() / 86_400_000))}:`,
  ];
}

describe.skipIf(typeof image === 'string')('a bake anywhere (needs root)', () => {
  it('gives the same image to an ordinary user on another machine, offline', async () => {
    if (typeof image === 'string') return;
    const bakery = new Bakery(folder, 4242, 'a/quite/different/place');
    bakery.copyProject();
    bakery.takeDownloads(declaredLayers(resolve(__dirname, '..', '..')).map(({ name }) => name));
    // The base system and the class data archive take longer than all else: from nothing when all is tested.
    if (!whole) for (const layer of ['os', 'jars'] as const) bakery.linkLayer(layer);
    // Longer than the path of a socket may be.
    const temporary = join(folder, 'temporary'.repeat(15));
    mkdirSync(temporary);
    bakery.handOver();
    const before = takeInventory();
    const baked = await bakery.bake({
      outside: ['unshare', '--net', '--uts', '--', 'bash', '-c', 'hostname elsewhere && exec "$@"', 'away'],
      inside: ['bash', '-c', 'umask 077 && exec taskset --cpu-list 0 "$@"', 'away'],
      env: {
        TZ: 'Pacific/Kiritimati',
        LC_ALL: 'tr_TR.UTF-8',
        LANG: 'tr_TR.UTF-8',
        TMPDIR: temporary,
        USER: 'baker',
        PYTHONHASHSEED: '7',
        PYTHONPATH: '/nowhere',
        TAR_OPTIONS: '--mtime=@1',
        GZIP: '-1',
        ZSTD_CLEVEL: '1',
        DEB_BUILD_OPTIONS: 'nocheck',
        http_proxy: 'http://127.0.0.1:9',
      },
    });
    const record = ImageRecord.parse(JSON.parse(readFileSync(join(baked.folder, 'record.json'), 'utf8')));
    // Layer by layer first: a difference then has a name.
    expect(record.layers).toEqual(image.record.layers);
    expect(baked.digest).toBe(image.record.digest);
    expect(await leftovers(before, { about: [folder], within: 30 })).toEqual([]);
    expect(execFileSync('ls', ['-A', temporary], { encoding: 'utf8' })).toBe('');
  });

  it('has a base system that does not know the day it was made', async () => {
    if (typeof image === 'string') return;
    const project = findProject(resolve(__dirname, '..', '..'));
    const os = new LayerCache(project.cache).get(image.record.layers[0]?.key ?? '');
    if (os === undefined) throw new Error('the os layer is not in the cache');
    const made = statSync(os.tar).mtime;
    const { epoch } = Lock.parse(JSON.parse(readFileSync(project.lock, 'utf8')));
    const tree = await unpackedTree(hostExec, join(folder, 'whole'), seenOf(os, undefined, [], epoch));
    // The lock's day may be in it, and is the day before when both are near.
    const days = [made, new Date(made.getTime() - DAY)]
      .filter((day) => Math.floor(day.getTime() / DAY) !== Math.floor((epoch * 1000) / DAY))
      .flatMap(dayOf);
    const { stdout } = await hostExec.run(
      'grep',
      ['--recursive', '--files-with-matches', '--text', ...days.flatMap((day) => ['-e', day]), '.'],
      { cwd: tree, accept: [0, 1], env: { LC_ALL: 'C' } },
    );
    expect(stdout).toBe('');
  });
});
