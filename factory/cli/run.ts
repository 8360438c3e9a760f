import { Command } from 'commander';
import { KilnError } from '../errors';
import { findProject } from '../project';
import { answer, note } from './output';
import { requireRoot } from './require-root';

interface Options {
  readonly detach?: true;
  readonly json?: true;
}

const OWN = { '--detach': 'detach', '--json': 'json' } as const;
const isOwn = (word: string | undefined): word is keyof typeof OWN => word !== undefined && word in OWN;

/** This command's options may stand on either side of the cluster; after `--`, all is kiln-submit's. */
export function splitRun(
  given: Options,
  words: readonly string[],
): { readonly detach: boolean; readonly json: boolean; readonly job: readonly string[] } {
  const own = { detach: given.detach === true, json: given.json === true };
  let at = 0;
  for (let word = words[at]; isOwn(word); word = words[at]) {
    own[OWN[word]] = true;
    at += 1;
  }
  if (own.json && !own.detach) {
    throw new KilnError({
      code: 'wrong-use',
      what: '--json goes with --detach: else standard output is the job’s own',
      hint: 'kiln run --detach --json STACK -- …',
      exitCode: 2,
    });
  }
  return { ...own, job: words[at] === '--' ? words.slice(at + 1) : words.slice(at) };
}

export function run(): Command {
  return new Command('run')
    .description(
      'run a job on a cluster of this machine: kiln-submit on its master, output and exit code passed on; the job ends with this command unless --detach',
    )
    .argument('<cluster>', 'the cluster')
    .argument(
      '<arguments...>',
      'after --: what kiln-submit takes: options of spark-submit, then -m MODULE or a file on the node, then the job’s own',
    )
    .option(
      '--detach',
      'print the job’s ID and return when its driver has started; kiln logs and kiln cancel take it',
    )
    .option('--json', 'with --detach: print the answer as JSON')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Exit code: the job's own; 128 + n when signal n ended it, as 130 after Ctrl-C; 2 and 3 also when it was not started.

Examples:
  kiln run local -- -m flights.etl --input s3a://flights/input --output s3a://flights/output
  kiln run local --detach -- --name nightly --conf spark.executor.memory=2g /scratch/job.py 2013`,
    )
    .action(async (cluster: string, args: string[], options: Options) => {
      const { detach, json, job } = splitRun(options, args);
      const { state, cache } = findProject();
      requireRoot('the machines of a cluster');
      const [{ hostMachinery }, { submitWords }, { submitDetached }, { clusterName, clusterPaths }] =
        await Promise.all([
          import('../machines/host.js'),
          import('../machines/submit.js'),
          import('../machines/jobs.js'),
          import('../machines/cluster.js'),
        ]);
      const paths = clusterPaths(clusterName(cluster), state);
      const machinery = hostMachinery(cache);
      if (detach) {
        const submitted = await submitDetached(machinery, paths, job);
        answer(json, { cluster, ...submitted }, submitted.id);
        note(
          `kiln logs ${cluster} ${submitted.id} -f follows it, kiln cancel ${cluster} ${submitted.id} ends it`,
        );
        return;
      }
      const { sandbox, words } = await submitWords(machinery, paths, job);
      process.exitCode = await sandbox.attach(words, { lifeline: true });
    });
}
