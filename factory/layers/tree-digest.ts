import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Made by tools in passing; never part of what a person wrote. */
const PASSING = new Set([
  '.git',
  '.venv',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.hypothesis',
  '.gitkeep',
  '__pycache__',
  'build',
  'dist',
  'node_modules',
]);

const isPassing = (name: string): boolean =>
  PASSING.has(name) || name.endsWith('.pyc') || name.endsWith('.egg-info') || name.endsWith('~');

/** sha256 of a text in UTF-8; 64 hex digits. */
export const textDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Bytes read at once. */
const CHUNK = 4 << 20;
/** Bytes up to which a file is read in one go: to wait for each step of it takes longer than all of them. */
const SMALL = 1 << 20;

/**
 * sha256 of a file's bytes; 64 hex digits. The next bytes are read while those before are counted: twice as
 * fast as a stream into a hash, and two buffers whatever the file's size.
 */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.max(1, Math.min(CHUNK, size));
    let [buffer, other] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
    let reading = handle.read(buffer, 0, length, 0);
    for (let at = 0; ;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return hash.digest('hex');
      at += bytesRead;
      reading = handle.read(other, 0, length, at);
      hash.update(buffer.subarray(0, bytesRead));
      [buffer, other] = [other, buffer];
    }
  } finally {
    await handle.close();
  }
}

function walk(root: string, folder: string, found: string[], keep: ReadonlySet<string>): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (isPassing(entry.name) && !keep.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) walk(root, path, found, keep);
    else found.push(path);
  }
}

/**
 * sha256 over a folder's files: paths, contents, links and whether executable; dates, owners and the
 * order of the directory do not matter. What tools leave behind (caches, build results) is left out,
 * but for the names in `keep`; so are the files of `without`. A missing folder has a digest too.
 */
export async function treeDigest(
  root: string,
  keep: readonly string[] = [],
  without: readonly string[] = [],
): Promise<string> {
  if (!existsSync(root)) return textDigest('kiln tree 1\nmissing\n');
  const paths: string[] = [];
  walk(root, '', paths, new Set(keep));
  return await pathsDigest(
    root,
    paths.filter((path) => !without.includes(path)),
  );
}

/** The same over those paths alone, whatever their names. */
export async function pathsDigest(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update('kiln tree 1\n');
  for (const path of [...paths].sort()) {
    const file = join(root, path);
    const status = lstatSync(file);
    const content = async (): Promise<string> =>
      status.size > SMALL
        ? await fileSha256(file)
        : createHash('sha256').update(readFileSync(file)).digest('hex');
    const line = status.isSymbolicLink()
      ? ['link', path, readlinkSync(file)]
      : [(status.mode & 0o100) === 0 ? 'file' : 'program', path, await content()];
    hash.update(`${JSON.stringify(line)}\n`);
  }
  return hash.digest('hex');
}
