import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { LayerName } from '../contracts/layers';
import { KilnError } from '../errors';
import { withWorkFolder, WORKS_FOR } from '../files/work-folder';
import type { Exec } from '../ports/machine/exec';
import { replayable } from '../ports/machine/exec-host';
import { ownProcess } from '../processes/process-id';
import type { Project } from '../project';
import { EVENTS, eventsAfter, LOG } from './events';

/** Lines of the log that a failure shows. */
const SHOWN = 15;

export interface PackerRun {
  readonly project: Project;
  readonly exec: Exec;
  readonly log: string;
  readonly events: string;
  /** Names of all layers: the steps that a person can run alone. */
  readonly layers: readonly LayerName[];
}

/** What a person types to run the same by hand, in the project's folder. */
function packerCommand(project: Project): { readonly program: string; readonly args: string[] } {
  const from = (path: string): string => relative(project.root, path) || '.';
  return {
    program: 'packer',
    args: ['build', '-color=false', '-var', `lock=${from(project.lock)}`, join(from(project.home), 'images')],
  };
}

/** The step that a person can run alone. */
const stepWords = ({ project, layers }: PackerRun, step: string): string[] => [
  ...(layers.includes(step) ? ['layer', step] : ['assemble']),
  '--lock',
  relative(project.root, project.lock),
];

/**
 * Runs the template to its end, in a pid namespace: a kill -9 of this process ends Packer and all it started.
 * @throws KilnError `bake-failed` with the way to run it again, the last lines and the log's path.
 */
export async function runPacker(run: PackerRun): Promise<void> {
  const { project, exec } = run;
  const { program, args } = packerCommand(project);
  mkdirSync(join(project.state, 'packer'), { recursive: true });
  rmSync(join(project.state, 'packer', 'manifest.json'), { force: true });
  try {
    await withWorkFolder(project.state, 'packer', async (work) => {
      await exec.run(
        'setpriv',
        [
          ...[
            '--pdeathsig',
            'KILL',
            '--',
            'unshare',
            '--mount',
            '--pid',
            '--fork',
            '--kill-child',
            '--mount-proc',
            '--',
          ],
          program,
          ...args,
        ],
        {
          cwd: project.root,
          log: run.log,
          env: {
            CHECKPOINT_DISABLE: '1',
            // Packer leaves its scripts and logs here when it is killed. Relative: its sockets are made here too,
            // and the path of one has 107 bytes at most.
            TMPDIR: relative(project.root, work),
            PACKER_CONFIG_DIR: join(project.state, 'packer'),
            PACKER_CACHE_DIR: join(project.state, 'packer', 'cache'),
            KILN_CACHE: project.cache,
            [WORKS_FOR]: JSON.stringify(ownProcess()),
            [EVENTS]: run.events,
            [LOG]: run.log,
          },
        },
      );
    });
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'command-failed') throw error;
    const failed = eventsAfter(run.events, 0).find((event) => event.event === 'failed');
    const tail = readFileSync(run.log, 'utf8').trimEnd().split('\n').slice(-SHOWN);
    throw new KilnError({
      code: 'bake-failed',
      what:
        failed === undefined
          ? `the bake failed; the last lines of its log:\n    ${tail.join('\n    ')}`
          : `${failed.step} failed: ${failed.what}`,
      hint: [
        'run it again: kiln bake (what was built stays built)',
        ...(failed === undefined
          ? []
          : [`that step alone, in ${project.root}: ${replayable('kiln', stepWords(run, failed.step))}`]),
        `the whole, without kiln's view of it: ${replayable(program, args)}`,
        `the whole log: ${run.log}`,
      ].join('\n'),
      cause: error,
    });
  }
}
