import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Lock } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { replayable } from '../ports/machine/exec-host';
import type { Project } from '../project';

/** The code package's source as the recipe gets it. */
export interface PlacedSource {
  /** KILN_SOURCE. */
  readonly tree: string;
  /** KILN_CODE: the package's folder in it; empty where they are one. */
  readonly folder: string;
  /** KILN_HISTORY: whether the tree is a repository. */
  readonly history: boolean;
}

export interface RecipeRun {
  readonly project: Project;
  /** Path of the recipe. */
  readonly recipe: string;
  /** KILN_OUT: root of the tree to fill. The recipe can write in it and in `tmp` alone. */
  readonly out: string;
  readonly inputs: string;
  readonly tmp: string;
  /** An empty folder, on which the recipe's own root file system is mounted. */
  readonly root: string;
  /** Seconds. */
  readonly epoch: number;
  /** KILN_JARS: the lock's choice. */
  readonly jars: Lock['choices']['jars']['value'];
  /** KILN_SPARK: Spark's release. */
  readonly spark: string;
  /** KILN_CLASS_DATA: the lock's choice. */
  readonly classData: Lock['choices']['classData']['value'];
  readonly source?: PlacedSource;
  readonly osTree?: string;
  /** KILN_OS_HIDDEN: folders of that tree, `:` between them, that no program of it may see. */
  readonly osHidden?: readonly string[];
  readonly sparkTree?: string;
  readonly hadoopTree?: string;
  readonly condaTree?: string;
  readonly log: string;
  readonly onLine?: (line: string) => void;
}

/** The recipe's whole environment: nothing of the caller's gets through. */
function recipeEnvironment(run: RecipeRun): Record<string, string> {
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: run.tmp,
    TMPDIR: run.tmp,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    SOURCE_DATE_EPOCH: String(run.epoch),
    KILN_HOME: run.project.home,
    KILN_PROJECT: run.project.root,
    KILN_JARS: run.jars,
    KILN_SPARK: run.spark,
    KILN_CLASS_DATA: run.classData,
    KILN_LOCK: run.project.lock,
    KILN_PYTHON: join(run.project.home, '.venv', 'bin', 'python'),
    KILN_ROOT: run.root,
    KILN_INPUTS: run.inputs,
    KILN_OUT: run.out,
    KILN_TMP: run.tmp,
    ...(run.source === undefined
      ? {}
      : {
          KILN_SOURCE: run.source.tree,
          KILN_CODE: run.source.folder,
          KILN_HISTORY: run.source.history ? '1' : '',
        }),
    ...(run.osTree === undefined ? {} : { KILN_OS_TREE: run.osTree }),
    ...(run.osHidden === undefined ? {} : { KILN_OS_HIDDEN: run.osHidden.join(':') }),
    ...(run.sparkTree === undefined ? {} : { KILN_SPARK_TREE: run.sparkTree }),
    ...(run.hadoopTree === undefined ? {} : { KILN_HADOOP_TREE: run.hadoopTree }),
    ...(run.condaTree === undefined ? {} : { KILN_BELOW_CONDA: run.condaTree }),
  };
}

/** Folders that a Python interpreter's programs and libraries lie in: those of each link on the way to it. */
function interpreterFolders(python: string): string[] {
  const folders: string[] = [];
  let path = python;
  while (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    path = resolve(dirname(path), readlinkSync(path));
    folders.push(dirname(dirname(path)));
  }
  return folders.filter((folder) => folder !== '/');
}

/** What a recipe can read beside the system's programs and its own folders; of the rest of the machine it sees nothing. */
function visible(run: RecipeRun): string[] {
  const { home, lock } = run.project;
  const environment = join(home, '.venv');
  const paths = [
    join(home, 'images'),
    environment,
    ...interpreterFolders(join(environment, 'bin', 'python')),
    lock,
    ...[run.source?.tree, run.osTree, run.sparkTree, run.hadoopTree, run.condaTree].filter(
      (tree) => tree !== undefined,
    ),
  ];
  return [...new Set(paths)].filter((path) => existsSync(path));
}

/**
 * Runs a recipe in namespaces of its own. setpriv ties unshare to this process and unshare ties the recipe's
 * pid 1 to itself, so a kill -9 anywhere above ends every process and mount below.
 * @throws KilnError `recipe-failed` with its last lines, the way to run it again and the log's path.
 */
export async function runRecipe(exec: Exec, run: RecipeRun): Promise<void> {
  try {
    await inNamespaces(exec, run);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'command-failed') throw error;
    const [how = '', ...said] = error.message.replace(/^setpriv: /, '').split('\n');
    const recipe = relative(run.project.home, run.recipe);
    throw new KilnError({
      code: 'recipe-failed',
      what: [`${recipe}: ${how}; its last lines:`, ...said.map((line) => `    ${line}`)].join('\n'),
      hint: `again by hand: ${replayable('kiln', ['layer', basename(dirname(run.recipe)), '--lock', run.project.lock])}\nthe whole log: ${run.log}`,
      cause: error,
    });
  }
}

async function inNamespaces(exec: Exec, run: RecipeRun): Promise<void> {
  const sandbox = join(run.project.home, 'images', 'sandbox');
  await exec.run(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--'],
      ...[
        'unshare',
        '--mount',
        '--pid',
        '--net',
        '--uts',
        '--ipc',
        '--cgroup',
        '--fork',
        '--kill-child',
        '--mount-proc',
        '--',
      ],
      ...[sandbox, run.recipe, ...visible(run)],
    ],
    {
      cwd: run.tmp,
      env: recipeEnvironment(run),
      extendEnv: false,
      log: run.log,
      ...(run.onLine === undefined ? {} : { onLine: run.onLine }),
    },
  );
}
