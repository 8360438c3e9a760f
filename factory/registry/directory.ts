import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { link, lstat, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import pLimit from 'p-limit';
import { KilnError } from '../errors';
import { noRegistryIn } from './errors';
import { DOCUMENT_LIMIT, type Kept, type RegistryHome } from './home';
import { MARKER } from './layout';
import { checkMarker, markerText } from './marker';
import { textOf, tooLarge } from './text';

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** Names in a folder of a registry directory, sorted; none when it is not there. */
export function listSync(root: string, folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder))
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * A document of a registry directory; undefined when it is not there.
 * @throws KilnError `registry-damaged` when it is too large or no text.
 */
export function readSync(root: string, key: string, limit = DOCUMENT_LIMIT): string | undefined {
  try {
    if (statSync(join(root, key)).size > limit) throw tooLarge(key, limit);
    return textOf(key, readFileSync(join(root, key)));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Temporary names carry host and process, so that what a killed process left can be told from work in progress. */
const TEMPORARY = /^\.incoming-(?<host>.+)-(?<pid>\d+)-[0-9a-f-]{36}$/;
const temporaryName = (): string => `.incoming-${hostname()}-${String(process.pid)}-${randomUUID()}`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** What a process of this host left when it was killed. */
const isLeftOver = (name: string): boolean => {
  const groups = TEMPORARY.exec(name)?.groups;
  return groups?.['host'] === hostname() && !isAlive(Number(groups['pid']));
};

async function writeDurably(path: string, content: string | Uint8Array, durably: boolean): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(content);
    if (durably) await file.sync();
  } finally {
    await file.close();
  }
}

/** Files synced at a time. */
const FLUSHES = 8;

async function sync(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** A registry in a directory. `create` is link(2): atomic, and refused when the name is taken. */
export class DirectoryHome implements RegistryHome {
  readonly remote = false;
  /** Files that were put and may not be on the disk yet. */
  private readonly unflushed = new Set<string>();

  constructor(readonly where: string) {}

  async exists(): Promise<boolean> {
    if (await this.hasMarker()) return true;
    const status = await lstat(this.where).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (status === undefined) return false;
    const isFolder = (await stat(this.where).catch(() => undefined))?.isDirectory() === true;
    // Inputs may be kept there before there is a registry.
    if (!isFolder || (await readdir(this.where)).length === 0) throw noRegistryIn(this.where, isFolder);
    return false;
  }

  private async hasMarker(): Promise<boolean> {
    const text = await this.read(MARKER);
    if (text !== undefined) checkMarker(this.where, text);
    return text !== undefined;
  }

  async init(): Promise<boolean> {
    if (await this.hasMarker()) return false;
    await mkdir(this.where, { recursive: true });
    await this.probe();
    return this.create(MARKER, markerText());
  }

  /** Some network and FUSE file systems know no hard links: better told now than by a lost promotion. */
  private async probe(): Promise<void> {
    const one = join(this.where, temporaryName());
    const two = `${one}-link`;
    try {
      await writeFile(one, '');
      await link(one, two);
      const second = await link(one, two).then(
        () => 'succeeded',
        (error: unknown) => codeOf(error),
      );
      if (second !== 'EEXIST') throw new Error(`a second link to one name ${second ?? 'failed'}`);
    } catch (error) {
      throw new KilnError({
        code: 'registry-unfit',
        what: `${this.where} cannot keep a registry: ${error instanceof Error ? error.message : String(error)}`,
        hint: 'its file system must have hard links, and this user must be able to write there; name another folder in factory.yaml: registry',
        cause: error,
      });
    } finally {
      await rm(two, { force: true });
      await rm(one, { force: true });
    }
  }

  list(folder: string): Promise<readonly string[]> {
    return Promise.resolve(listSync(this.where, folder));
  }

  /** Removes on its way what killed processes of this host left. */
  async *walk(folder: string): AsyncIterable<Kept> {
    const top = join(this.where, folder);
    const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (entry.name.startsWith('.')) {
        if (isLeftOver(entry.name)) await rm(path, { force: true });
        continue;
      }
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) continue;
      const key = relative(this.where, path).split(sep).join('/');
      yield { key, size: found.size, modified: found.mtimeMs };
    }
  }

  async read(key: string, limit = DOCUMENT_LIMIT): Promise<string | undefined> {
    const bytes = await this.load(key, limit);
    return bytes === undefined ? undefined : textOf(key, bytes);
  }

  async load(key: string, limit: number): Promise<Buffer | undefined> {
    try {
      const path = join(this.where, key);
      if ((await stat(path)).size > limit) throw tooLarge(key, limit);
      return await readFile(path);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async create(key: string, text: string): Promise<boolean> {
    return await this.aside(key, text, true, async (temporary, target) => {
      try {
        await link(temporary, target);
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      }
    });
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    await this.aside(key, content, false, async (temporary, target) => {
      await rename(temporary, target);
      this.unflushed.add(target);
      return true;
    });
  }

  /** Writes beside the target what `place` then gives its name. */
  private async aside(
    key: string,
    content: string | Uint8Array,
    durably: boolean,
    place: (temporary: string, target: string) => Promise<boolean>,
  ): Promise<boolean> {
    const target = join(this.where, key);
    const temporary = join(dirname(target), temporaryName());
    await mkdir(dirname(target), { recursive: true });
    try {
      await writeDurably(temporary, content, durably);
      return await place(temporary, target);
    } catch (error) {
      if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') throw error;
      throw new KilnError({
        code: 'no-space',
        what: `no space left for the registry at ${this.where}`,
        hint: 'kiln gc says what can go; or free some and try again: what is stored already is not stored twice',
        cause: error,
      });
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async remove(key: string): Promise<void> {
    const path = join(this.where, key);
    await rm(path, { force: true });
    // A folder that is empty now is none in a bucket either.
    if (existsSync(dirname(path)) && readdirSync(dirname(path)).length === 0 && dirname(path) !== this.where)
      await rm(dirname(path), { recursive: true, force: true });
  }

  /** One file's commit carries the others', so that this costs little more than the first. */
  async flush(): Promise<void> {
    const limit = pLimit(FLUSHES);
    const files = [...this.unflushed];
    const folders = new Set(files.map((file) => dirname(file)));
    await Promise.all([...files, ...folders].map((path) => limit(() => sync(path))));
    for (const file of files) this.unflushed.delete(file);
  }
}
