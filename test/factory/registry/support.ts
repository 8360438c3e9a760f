import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Lock } from '../../../factory/contracts/lock';
import type { ImageRecord } from '../../../factory/contracts/record';
import type { Verdict } from '../../../factory/contracts/verdict';
import { DirectoryHome } from '../../../factory/registry/directory';
import type { RegistryHome } from '../../../factory/registry/home';
import type { RegistrySettings } from '../../../factory/registry/project';
import { storeImage, type ImageDocuments } from '../../../factory/registry/store-image';

const IMAGE = 'spark-node';

export const digestOf = (text: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A record as a bake writes it, of a "disk" that is a short text. */
export const recordOf = (disk: string, change: Partial<ImageRecord> = {}): ImageRecord => ({
  version: 1,
  image: IMAGE,
  digest: digestOf(disk),
  size: disk.length,
  contentId: digestOf(`content of ${disk}`),
  lock: digestOf(`the lock of ${disk}`),
  layers: [
    { name: 'os', key: digestOf('os key').slice(7), digest: digestOf('os'), size: 4096 },
    { name: 'code', key: digestOf('code key').slice(7), digest: digestOf(`code of ${disk}`), size: 512 },
  ],
  manifest: digestOf(`the files of ${disk}`),
  partitions: [],
  rootHash: 'e'.repeat(64),
  versions: { spark: '4.1.4', java: '21', python: '3.13' },
  parents: [],
  bakedBy: { kiln: '0.1.0' },
  ...change,
});

export const verdictOf = (disk: string, change: Partial<Verdict> = {}): Verdict => ({
  version: 1,
  kind: 'verified',
  digest: digestOf(disk),
  ok: true,
  checks: [{ name: 'target reached', ok: true, detail: 'in 62 s' }],
  at: '2026-11-22T12:00:00Z',
  by: { kiln: '0.1.0', host: 'builder', accelerator: 'tcg' },
  timings: { boot: 62_000 },
  ...change,
});

export interface Place {
  readonly root: string;
  readonly settings: RegistrySettings;
  readonly home: DirectoryHome;
}

const made: string[] = [];
afterAll(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** An empty project folder with folders for bakes and a registry. */
export function newPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'kiln-registry-'));
  made.push(root);
  const registry = join(root, '.kiln', 'registry');
  return {
    root,
    home: new DirectoryHome(registry),
    settings: {
      image: IMAGE,
      registry,
      registryPath: '.kiln/registry',
      root,
      cache: join(root, 'cache'),
      bakes: join(root, '.kiln', 'images'),
      channels: new Map([
        ['candidate', { gates: [] }],
        ['production', { gates: [{ kind: 'verified' }] }],
      ]),
    },
  };
}

/** A lock of which only some Debian packages are in the image: name -> version. */
export function lockOf(packages: Readonly<Record<string, string>>): string {
  const whole = Lock.parse(JSON.parse(readFileSync(join(__dirname, '../../../factory.lock.json'), 'utf8')));
  const like = whole.inputs.find(({ source, use }) => source === 'debian' && use === 'os');
  const inputs = Object.entries(packages).map(([name, version]) => ({
    ...like,
    name,
    version,
    path: `pool/${name}.deb`,
    sha256: digestOf(`${name} ${version}`).slice(7),
  }));
  return JSON.stringify({ ...whole, inputs });
}

/** What a bake (and a verification) of this "disk" leaves behind. @returns its digest. */
export function bake(
  bakes: string,
  disk: string,
  {
    lock = `the lock of ${disk}`,
    record = recordOf(disk, { lock: digestOf(lock) }),
    verdicts = [],
  }: { lock?: string; record?: ImageRecord; verdicts?: readonly Verdict[] } = {},
): string {
  const folder = join(bakes, digestOf(disk).slice(7));
  mkdirSync(join(folder, 'verdicts'), { recursive: true });
  writeFileSync(join(folder, 'image.raw'), disk);
  writeFileSync(join(folder, 'record.json'), JSON.stringify(record));
  writeFileSync(join(folder, 'factory.lock.json'), lock);
  writeFileSync(join(folder, 'files.mtree'), `the files of ${disk}`);
  verdicts.forEach((verdict, index) => {
    writeFileSync(join(folder, 'verdicts', `${verdict.kind}-${index}.json`), JSON.stringify(verdict));
  });
  return digestOf(disk);
}

/** What a bake of this "disk" would hand over to be stored, without copies. */
export const filesOf = (disk: string, record = recordOf(disk)): ImageDocuments => ({
  record: JSON.stringify(record),
  verdicts: {},
  copies: {},
});

let sources = 0;

/** Bytes without a pattern, the same for a number. */
export function noise(size: number, of: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, state = of; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Stores a "disk" under the record given, or its own. @returns its digest. */
export async function store(
  { root, home }: Pick<Place, 'root'> & { readonly home: RegistryHome },
  disk: string | Uint8Array,
  record = recordOf(disk.toString()),
): Promise<string> {
  const file = join(root, `source-${String((sources += 1))}.raw`);
  writeFileSync(file, disk);
  const digest = digestOf(disk);
  await storeImage(
    home,
    digest,
    file,
    { record: JSON.stringify(record), verdicts: {}, copies: {} },
    { scratch: root },
  );
  return digest;
}

export const WHO = { by: 'owner@desk', reason: 'test', at: '2026-11-22T12:30:00Z' };
