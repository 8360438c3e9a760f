import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input, Lock } from '../contracts/lock';
import { KilnError } from '../errors';
import { moveIn } from '../layers/move';
import { runRecipe } from '../layers/sandbox';
import type { Project } from '../project';
import { withWorkFolder } from '../files/work-folder';
import type { Exec, RunOptions, RunResult } from '../ports/machine/exec';
import { admit, type Vault } from '../vault';

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** The locked programs that write the disk, in a tree of their own. */
export interface DiskTools {
  /** Runs one of the tree's programs with the tree's own loader, libraries and settings. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** A file of the tree. */
  path(relative: string): string;
}

const FOLDERS = ['usr/bin', 'usr/sbin'];

async function unpack(
  { exec, vault, project }: ToolsContext,
  debs: readonly Input[],
  tree: string,
  epoch: number,
): Promise<void> {
  await admit(vault, debs);
  await withWorkFolder(project.cache, 'tools', async (work) => {
    const folder = (made: string): string => {
      const path = join(work, made);
      mkdirSync(path, { mode: 0o755 });
      return path;
    };
    const [inputs, out, tmp, root] = [folder('in'), folder('out'), folder('tmp'), folder('root')];
    await vault.place(debs, inputs);
    const lock = join(work, 'lock.json');
    writeFileSync(lock, '{}');
    const logs = join(project.state, 'logs');
    mkdirSync(logs, { recursive: true });
    await runRecipe(exec, {
      ...{ project, name: 'tools', out, inputs, tmp, root, lock, epoch },
      log: join(logs, 'tools.log'),
      again: ['bake'],
      visible: [],
      environment: {},
    });
    mkdirSync(join(project.cache, 'tools'), { recursive: true });
    // If another bake was first, it was with the same bytes.
    moveIn(out, tree);
  });
}

export interface ToolsContext {
  readonly exec: Exec;
  readonly vault: Vault;
  readonly project: Project;
}

/**
 * Unpacks the lock's `tools` packages into the user's cache, once for each set of them, by a recipe in the sandbox. No
 * chroot is needed to run them: a program is started by the tree's own dynamic loader.
 * @throws KilnError `no-disk-tools` when the lock names none, `recipe-failed`, and the vault's.
 */
export async function openDiskTools(
  context: ToolsContext,
  { inputs, epoch }: Pick<Lock, 'inputs' | 'epoch'>,
): Promise<DiskTools> {
  const { exec, project } = context;
  const debs = inputs.filter((input) => input.use === 'tools' && input.source === 'debian');
  if (debs.length === 0) {
    throw new KilnError({
      code: 'no-disk-tools',
      what: 'the lock names no programs that write the disk',
      hint: 'kiln lock --refresh',
    });
  }
  const set = createHash('sha256')
    .update(
      debs
        .map((deb) => deb.sha256)
        .sort()
        .join('\n'),
    )
    .digest('hex');
  const tree = join(project.cache, 'tools', set);
  if (!existsSync(tree)) await unpack(context, debs, tree, epoch);
  const libraries = join(tree, LIBRARIES);
  const environment = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(epoch),
    MKE2FS_CONFIG: join(tree, 'etc', 'mke2fs.conf'),
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
    GCONV_PATH: join(libraries, 'gconv'),
  };
  const command = (program: string, args: readonly string[]): { file: string; args: string[] } => {
    const file = FOLDERS.map((folder) => join(tree, folder, program)).find((each) => existsSync(each));
    if (file === undefined) {
      throw new KilnError({
        code: 'no-disk-tools',
        what: `the locked tools have no ${program}`,
        hint: 'images/layers/tools/packages names their packages; then kiln lock',
      });
    }
    return {
      file: join(libraries, 'ld-linux-x86-64.so.2'),
      args: ['--library-path', libraries, '--argv0', program, file, ...args],
    };
  };
  return {
    path: (relative) => join(tree, relative),
    async run(program, args, options = {}) {
      const started = command(program, args);
      return await exec.run(started.file, started.args, {
        ...options,
        env: { ...environment, ...options.env },
        extendEnv: false,
      });
    },
  };
}
