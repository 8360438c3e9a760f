import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProject } from '../../factory/project';
import { bakedImage } from './image';

const HOME = resolve(__dirname, '..', '..');
const found = bakedImage();

/** Lines of the reviewed list, without what is said of them. */
const reviewed = readFileSync(join(__dirname, 'contents/reviewed'), 'utf8')
  .split('\n')
  .map((line) => line.replace(/(^| {2})#.*/, ''))
  .filter((line) => line !== '');

/** A host that is called `debian` or `build` tells nothing: its name stands in many files. */
const telling = (words: readonly string[]): string[] => words.filter((word) => word.length >= 10);

describe.skipIf(typeof found === 'string')('what an image is free of, which needs root', () => {
  if (typeof found === 'string') return;
  const { folder, record } = found;

  /** Output of a command with a partition mounted at $1, in a mount namespace that ends with it. */
  const inside = (name: 'root' | 'state', script: string, ...words: readonly string[]): string[] => {
    const part = record.partitions.find((each) => each.name === name);
    const point = mkdtempSync(join(tmpdir(), 'kiln-contents-'));
    const options = `ro,loop,offset=${String(part?.start)},sizelimit=${String(part?.size)}`;
    const mount = 'mount -o "$1" "$2" "$3"; shift 2; ';
    try {
      return execFileSync(
        'unshare',
        [
          ...['--mount', 'bash', '-euc', mount + script, 'bash'],
          ...[options, join(folder, 'image.raw'), point],
          ...words,
        ],
        { encoding: 'utf8' },
      )
        .split('\n')
        .filter((line) => line !== '');
    } finally {
      rmdirSync(point);
    }
  };

  it(
    'root: keys, seeds, passwords, credentials, its builder; setuid files and timers are the reviewed ones',
    { timeout: 120_000 },
    () => {
      const builder = telling([HOME, findProject(HOME).cache, hostname(), 'kiln/work/']);
      expect(builder).toContain('kiln/work/');
      const lines = inside('root', '"$2" "$1" "${@:3}"', join(__dirname, 'contents/walk'), ...builder);
      expect(lines.toSorted()).toEqual(reviewed.toSorted());
    },
  );

  it('state: files', () => {
    expect(inside('state', 'find "$1" -mindepth 1 ! -type d')).toEqual([]);
    expect(inside('state', 'ls -A "$1"')).not.toEqual([]);
  });

  it('esp: a random seed, and all but what boots', () => {
    const esp = record.partitions.find(({ name }) => name === 'esp');
    const at = `${join(folder, 'image.raw')}@@${String(esp?.start)}`;
    const listed = execFileSync('mdir', ['-/', '-b', '-a', '-i', at, '::'], { encoding: 'utf8' });
    expect(
      listed
        .split('\n')
        .filter((line) => line !== '' && !line.endsWith('/'))
        .toSorted(),
    ).toEqual([
      '::/EFI/BOOT/BOOTX64.EFI',
      '::/initrd',
      '::/loader/entries/node.conf',
      '::/loader/loader.conf',
      '::/vmlinuz',
    ]);
  });
});
