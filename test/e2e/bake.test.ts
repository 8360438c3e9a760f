import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../factory/bake/session';
import { ImageRecord } from '../../factory/contracts/record';
import { MIB } from '../../factory/disk/layout';
import { openDiskTools } from '../../factory/disk/tools-tree';

const home = resolve(__dirname, '..', '..');
const kiln = (...args: string[]): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(join(home, 'bin', 'kiln'), args, {
    cwd: home,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { code: status, out: stdout, err: stderr };
};

interface Baked {
  readonly digest: string;
  readonly folder: string;
}
interface Table {
  readonly partitiontable: {
    readonly label: string;
    readonly partitions: readonly {
      readonly start: number;
      readonly size: number;
      readonly type: string;
      readonly uuid: string;
      readonly name: string;
      readonly attrs?: string;
    }[];
  };
}

let baked: Baked;
let record: ImageRecord;
let disk: string;
let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'kiln-bake-'));
  const { code, out, err } = kiln('bake', '--json');
  expect(code, err).toBe(0);
  baked = JSON.parse(out) as Baked;
  record = ImageRecord.parse(JSON.parse(readFileSync(join(baked.folder, 'record.json'), 'utf8')));
  disk = join(baked.folder, 'image.raw');
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** A partition as a file of its own. */
function partition(name: string): string {
  const found = record.partitions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no partition ${name}`);
  const file = join(scratch, name);
  const [skip, count] = [found.start / MIB, found.size / MIB].map(String) as [string, string];
  execFileSync('dd', [
    `if=${disk}`,
    `of=${file}`,
    'bs=1M',
    `skip=${skip}`,
    `count=${count}`,
    'conv=sparse',
    'status=none',
  ]);
  return file;
}

/** Runs a command with the root partition mounted at $root, in a mount namespace that ends with it. */
function inRoot(script: string): string {
  const root = record.partitions.find((each) => each.name === 'root');
  if (root === undefined) throw new Error('no root partition');
  const options = `ro,loop,offset=${String(root.start)},sizelimit=${String(root.size)}`;
  const mount = `mkdir -p '${scratch}/mnt' && mount -t erofs -o ${options} '${disk}' '${scratch}/mnt' && cd '${scratch}/mnt'`;
  return execFileSync('unshare', ['--mount', 'bash', '-euc', `${mount}\n${script}`], {
    encoding: 'utf8',
  }).trim();
}

describe('a baked disk', () => {
  it('is named by the sha256 of its bytes, and cannot be written', () => {
    const sum = execFileSync('sha256sum', [disk], { encoding: 'utf8' }).split(' ')[0];
    expect(`sha256:${sum ?? ''}`).toBe(record.digest);
    expect(baked.digest).toBe(record.digest);
    expect(baked.folder.endsWith(record.digest.replace('sha256:', ''))).toBe(true);
    expect(statSync(disk).size).toBe(record.size);
    expect(statSync(disk).mode & 0o777).toBe(0o444);
  });

  it('has the partitions of its record, as sfdisk reads them', () => {
    const { partitiontable } = JSON.parse(
      execFileSync('sfdisk', ['--json', disk], { encoding: 'utf8' }),
    ) as Table;
    expect(partitiontable.label).toBe('gpt');
    expect(partitiontable.partitions.map((p) => p.name)).toEqual([
      'kiln-esp',
      'kiln-root',
      'kiln-root-verity',
      'kiln-state',
    ]);
    expect(
      partitiontable.partitions.map(({ start, size, type, uuid }) => ({
        start: start * 512,
        size: size * 512,
        type: type.toLowerCase(),
        uuid: uuid.toLowerCase(),
      })),
    ).toEqual(record.partitions.map(({ start, size, type, uuid }) => ({ start, size, type, uuid })));
    expect(partitiontable.partitions[1]?.attrs).toContain('60');
  });

  it('has sound file systems', () => {
    execFileSync('fsck.vfat', ['-n', partition('esp')]);
    execFileSync('e2fsck', ['-f', '-n', partition('state')], { stdio: 'ignore' });
    expect(Number(inRoot('find . -xdev | wc -l'))).toBeGreaterThan(15_000);
  });

  it('has a hash tree that veritysetup, whose format it is, finds whole', async () => {
    const { project, exec, vault, locked } = await openSession();
    const { lock } = locked;
    const tools = await openDiskTools({ exec, vault, project }, lock);
    const [root, tree] = [partition('root'), partition('root-verity')];
    await tools.run('veritysetup', ['verify', root, tree, record.rootHash]);
    await vault.close();
  });

  it('boots by what its boot entry says', () => {
    const entry = execFileSync('mtype', ['-i', partition('esp'), '::loader/entries/node.conf'], {
      encoding: 'utf8',
    });
    // The root and its seal are found by the hash, whose halves are their UUIDs.
    expect(record.rootHash).toMatch(/^[0-9a-f]{64}$/);
    expect(entry).toContain(` roothash=${record.rootHash} `);
    const uuid = (name: string): string => record.partitions.find((p) => p.name === name)?.uuid ?? 'none';
    expect(entry).toContain(`kiln.state=PARTUUID=${uuid('state')}`);
    expect(`${uuid('root')}${uuid('root-verity')}`.replaceAll('-', '')).toBe(record.rootHash);
    const listed = execFileSync('mdir', ['-b', '-i', partition('esp'), '::', '::EFI/BOOT'], {
      encoding: 'utf8',
    });
    expect(listed).toMatch(/vmlinuz/i);
    expect(listed).toMatch(/initrd/i);
    expect(listed).toMatch(/BOOTX64\.EFI/i);
  });

  it('holds every layer, and its own content id', () => {
    expect(JSON.parse(inRoot('cat usr/lib/kiln/image.json'))).toEqual({
      image: record.image,
      contentId: record.contentId,
    });
    const needed = [
      'opt/spark/bin/spark-class',
      'opt/spark/jars/hadoop-aws-*.jar',
      'opt/conda-env/bin/python',
      'usr/lib/kiln/node.schema.json',
      'usr/bin/java',
    ];
    for (const path of needed) expect(inRoot(`ls -d ${path}`), path).not.toBe('');
    expect(inRoot("grep '^spark:' etc/passwd")).toBe(
      'spark:x:990:990:Apache Spark:/var/lib/spark:/usr/sbin/nologin',
    );
  });

  it('is not baked again when nothing changed', () => {
    const again = kiln('bake', '--json');
    expect(again.code, again.err).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ digest: record.digest, baked: false });
  });
});

describe('the bake', () => {
  it("is a template that Debian's packer takes as it is", () => {
    const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
    expect(execFileSync('packer', ['validate', 'images/'], { cwd: home, env, encoding: 'utf8' })).not.toMatch(
      /error/i,
    );
  });

  it('explains that every layer is in the cache', () => {
    const { code, out, err } = kiln('bake', '--explain', '--json');
    expect(code, err).toBe(0);
    const { layers } = JSON.parse(out) as { layers: { layer: string; cached: boolean }[] };
    expect(layers.map(({ layer }) => layer)).toEqual([
      'os',
      'runtime',
      'spark',
      'hadoop',
      'conda',
      'jars',
      'node',
      'code',
    ]);
    expect(layers.every(({ cached }) => cached)).toBe(true);
  });
});
