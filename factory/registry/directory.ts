import { randomUUID } from 'node:crypto';
import { constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { access, chmod, copyFile, link, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { KilnError } from '../errors';
import { digestDiffers } from './errors';
import { sha256File } from './hash';
import type { ImageFiles, RegistryHome } from './home';
import { DISK, IMAGES, MARKER, RECORD, VERDICTS, imageFolder } from './layout';

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Names in a folder of a registry directory, sorted; none when it is not there. */
export function listSync(root: string, folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder))
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A document of a registry directory; undefined when it is not there. */
export function readSync(root: string, key: string): string | undefined {
  try {
    return readFileSync(join(root, key), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
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

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const groups = TEMPORARY.exec(name)?.groups;
    if (groups?.['host'] !== hostname() || isAlive(Number(groups['pid']))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A registry in a directory. `create` is link(2): atomic, and refused when the name is taken. */
export class DirectoryHome implements RegistryHome {
  constructor(readonly where: string) {}

  exists(): Promise<boolean> {
    return Promise.resolve(existsSync(join(this.where, MARKER)));
  }

  async init(): Promise<boolean> {
    await mkdir(this.where, { recursive: true });
    await this.probe();
    return this.create(MARKER, `${JSON.stringify({ version: 1 })}\n`);
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

  read(key: string): Promise<string | undefined> {
    return Promise.resolve(readSync(this.where, key));
  }

  async create(key: string, text: string): Promise<boolean> {
    const target = join(this.where, key);
    const folder = dirname(target);
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, temporaryName());
    try {
      await writeDurably(temporary, text);
      await link(temporary, target);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async storeImage(digest: string, disk: string, files: ImageFiles): Promise<boolean> {
    const target = join(this.where, imageFolder(digest));
    if (existsSync(target)) return false;
    const images = join(this.where, IMAGES);
    await mkdir(images, { recursive: true });
    await sweep(images);
    const temporary = join(images, temporaryName());
    try {
      await mkdir(join(temporary, VERDICTS), { recursive: true });
      await linkOrCopy(disk, join(temporary, DISK));
      const actual = await sha256File(join(temporary, DISK));
      if (actual !== digest) throw digestDiffers(disk, digest, actual);
      await chmod(join(temporary, DISK), 0o444);
      await writeDurably(join(temporary, RECORD), files.record);
      for (const [name, path] of Object.entries(files.copies)) await copyFile(path, join(temporary, name));
      for (const [name, text] of Object.entries(files.verdicts)) {
        await writeDurably(join(temporary, VERDICTS, name), text);
      }
      await rename(temporary, target);
      return true;
    } catch (error) {
      const code = codeOf(error);
      if ((code === 'ENOTEMPTY' || code === 'EEXIST') && existsSync(target)) return false;
      throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}

/** A disk is written once and never again, so bake and registry may share its blocks. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await access(from, constants.R_OK);
    await link(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }
}
