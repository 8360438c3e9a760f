import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ImageRecord } from '../factory/contracts/record';
import { findProject } from '../factory/project';
import { median, type Result } from './result';

const ARCHIVE = '/opt/spark/spark.jsa';
const PAIRS = 3;

interface Took {
  readonly registered: number;
  readonly job: number;
}

const say = (text: string): void => void process.stderr.write(`class-data: ${text}\n`);

/** A master, a worker and a small job, with the image's class data archive and with Java's own alone, interleaved. */
export async function classData(): Promise<readonly Result[]> {
  await Promise.resolve();
  const { home } = findProject();
  const baked = spawnSync(join(home, 'bin/kiln'), ['bake', '--json'], { cwd: home, encoding: 'utf8' });
  if (baked.status !== 0) throw new Error(`no image\n${baked.stderr}`);
  const { folder: image } = z.object({ folder: z.string() }).parse(JSON.parse(baked.stdout));
  const record = ImageRecord.parse(JSON.parse(readFileSync(join(image, 'record.json'), 'utf8')));
  const root = record.partitions.find(({ name }) => name === 'root');
  if (root === undefined) throw new Error('the image has no root partition');
  const work = mkdtempSync(join(tmpdir(), 'kiln-class-data-'));
  const run = (options: readonly string[]): Took => {
    const folder = join(work, 'run');
    mkdirSync(folder);
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      [
        ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--'],
        ...[join(home, 'bench/class-data/in-image'), join(image, 'image.raw')],
        ...[String(root.start), String(root.size), folder, ...options],
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`the job failed\n${stderr}`);
    rmSync(folder, { recursive: true });
    const [registered = NaN, job = NaN] = stdout.trim().split(' ').map(Number);
    say(
      `${options.length === 0 ? 'without' : 'with'}: registered ${stdout.trim().replace(' ', ' s, done ')} s`,
    );
    return { registered, job };
  };
  try {
    say('once for the page cache');
    run([]);
    const pairs = Array.from({ length: PAIRS }, () => ({
      // On: a JVM that cannot use the archive does not start.
      shared: run([`-XX:SharedArchiveFile=${ARCHIVE}`, '-Xshare:on']),
      plain: run([]),
    }));
    const ratio = (of: (took: Took) => number): number =>
      median(pairs.map(({ shared, plain }) => of(shared) / of(plain)));
    const detail = (of: (took: Took) => number): string => {
      const [shared, plain] = [pairs.map((pair) => of(pair.shared)), pairs.map((pair) => of(pair.plain))].map(
        (seconds) => median(seconds).toFixed(1),
      );
      return `${shared ?? ''} s : ${plain ?? ''} s, medians of ${String(PAIRS)}`;
    };
    return [
      {
        name: 'master and worker registered, with the class data archive',
        ratio: ratio(({ registered }) => registered),
        goal: 0.75,
        detail: detail(({ registered }) => registered),
      },
      {
        name: 'the same to the end of a small job',
        ratio: ratio(({ job }) => job),
        goal: 0.75,
        detail: detail(({ job }) => job),
      },
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
