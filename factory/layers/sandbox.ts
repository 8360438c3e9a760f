import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from '../contracts/layers';
import { defined } from '../defined';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { replayable } from '../ports/machine/exec-host';
import type { Project } from '../project';
import { Limits } from '../recipes/declaration';
import { Watch } from './watch';

export interface RecipeRun {
  readonly project: Project;
  /** The layer whose recipe it is. */
  readonly name: LayerName;
  /** KILN_OUT: root of the tree to fill. The recipe can write in it and in `tmp` alone. */
  readonly out: string;
  readonly inputs: string;
  readonly tmp: string;
  /** KILN_LOCK: what of the lock the layer declares. */
  readonly lock: string;
  /** An empty folder, on which the recipe's own root file system is mounted. */
  readonly root: string;
  /** Seconds. */
  readonly epoch: number;
  /** What it sees beside its own folder, its inputs and the system's programs; read-only. */
  readonly visible: readonly string[];
  /** Variables beside those that every recipe has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: string;
  /** Default: those of a layer that declares none. */
  readonly limits?: Limits;
  /** Words of the kiln command that runs it again; default: the layer alone. */
  readonly again?: readonly string[];
  readonly onLine?: (line: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

const folderOf = (run: RecipeRun): string => join(run.project.home, 'images', 'layers', run.name);

/** The recipe's whole environment: nothing of the caller's gets through. */
const recipeEnvironment = (run: RecipeRun): Readonly<Record<string, string>> => ({
  ...run.environment,
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: run.tmp,
  TMPDIR: run.tmp,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  PYTHONHASHSEED: '0',
  PYTHONDONTWRITEBYTECODE: '1',
  SOURCE_DATE_EPOCH: String(run.epoch),
  KILN_HOME: run.project.home,
  KILN_LOCK: run.lock,
  KILN_ROOT: run.root,
  KILN_INPUTS: run.inputs,
  KILN_OUT: run.out,
  KILN_TMP: run.tmp,
});

/** What a recipe can read beside the system's programs and its own folders; of the rest of the machine it sees nothing. */
const visible = (run: RecipeRun): readonly string[] =>
  [...new Set([folderOf(run), run.lock, ...run.visible])].filter((path) => existsSync(path));

/**
 * Runs a recipe in namespaces of its own. setpriv ties unshare to this process and unshare ties the recipe's
 * pid 1 to itself, so a kill -9 anywhere above ends every process and mount below.
 * @throws KilnError `recipe-failed` with its last lines, the way to run it again and the log's path; `recipe-limit`
 *   when it took more than it may, and was ended.
 */
export async function runRecipe(exec: Exec, run: RecipeRun): Promise<void> {
  const watch = new Watch(exec, { limits: run.limits ?? Limits.parse({}), folders: [run.out, run.tmp] });
  try {
    await inNamespaces(exec, run, watch);
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'command-failed') throw error;
    if (watch.passed !== undefined)
      throw new KilnError({
        code: 'recipe-limit',
        what: `images/layers/${run.name}/build was ended: ${watch.passed.what}`,
        hint: `look into the log for what takes it: ${run.log}\nif it needs that, raise limits: { ${watch.passed.limit}: … } in images/layers/${run.name}/layer.yaml`,
        cause: error,
      });
    const [how = '', ...said] = error.message.replace(/^setpriv: /, '').split('\n');
    const recipe = `images/layers/${run.name}/build`;
    throw new KilnError({
      code: 'recipe-failed',
      what: [`${recipe}: ${how}; its last lines:`, ...said.map((line) => `    ${line}`)].join('\n'),
      hint: `again by hand: ${replayable('kiln', run.again ?? ['layer', run.name, '--lock', run.project.lock])}\nthe whole log: ${run.log}`,
      cause: error,
    });
  } finally {
    watch.stop();
  }
}

async function inNamespaces(exec: Exec, run: RecipeRun, watch: Watch): Promise<void> {
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
      ...[sandbox, join(folderOf(run), 'build'), ...visible(run)],
    ],
    {
      cwd: run.tmp,
      env: recipeEnvironment(run),
      extendEnv: false,
      log: run.log,
      ...defined({ onLine: run.onLine }),
      onStart: watch.start,
      signal: AbortSignal.any([watch.signal, ...(run.signal === undefined ? [] : [run.signal])]),
    },
  );
}
