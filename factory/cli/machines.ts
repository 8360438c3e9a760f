import { Command, InvalidArgumentError } from 'commander';
import type { LaunchGroup } from '../contracts/launch';
import { defined } from '../defined';
import { KilnError } from '../errors';
import { findProject } from '../project';
import { answer, note } from './output';
import { requireRoot } from './require-root';
import { formatDuration } from '../units';

interface Json {
  readonly json?: true;
}

function whole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

const invalid = (what: string, faults: readonly { where: string; what: string }[] = []): KilnError =>
  new KilnError({
    code: 'launch-invalid',
    what,
    hint: 'it is a launch group as LocalClusterStack makes it: see factory/contracts/launch.ts',
    exitCode: 2,
    faults,
  });

/** A launch group from a file, from standard input (`-`), or base64 as a provisioner hands it over. */
async function readGroup(spec: string): Promise<LaunchGroup> {
  const [{ readFileSync, existsSync }, { LaunchGroup: schema }] = await Promise.all([
    import('node:fs'),
    import('../contracts/launch.js'),
  ]);
  const fromFile = spec === '-' || existsSync(spec);
  if (!fromFile && !/^[A-Za-z0-9+/=\s]+$/.test(spec)) throw invalid(`there is no file ${spec}`);
  const text = fromFile
    ? readFileSync(spec === '-' ? 0 : spec, 'utf8')
    : Buffer.from(spec, 'base64').toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(
      fromFile ? `${spec} is not JSON` : `there is no file ${spec}, and it is not JSON in base64`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    'the launch group is not valid',
    parsed.error.issues.map(({ path, message }) => ({
      where: path.join('.') || 'launch group',
      what: message,
    })),
  );
}

function up(): Command {
  return new Command('up')
    .description("make exactly a group's machines run; those that run as specified stay")
    .requiredOption('--spec <group>', 'launch group: a file, - for standard input, or base64')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln machines up --spec master.json')
    .action(async (options: Json & { spec: string }) => {
      const project = findProject();
      const group = await readGroup(options.spec);
      requireRoot('machines, networks and mounts');
      const [{ hostMachinery }, { up: start }, { imageOnDisk }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/up.js'),
        import('../machines/image.js'),
      ]);
      const { registryProgress } = await import('./registry-progress.js');
      const { onProgress } = registryProgress('reading the image:');
      const image = await imageOnDisk(project, group, defined({ onProgress }));
      const { root, state } = project;
      const result = await start(hostMachinery(project.cache), group, { root, state, image, onStep: note });
      await (await import('./report-use.js')).machinesRun(project, group, result.machines);
      const rows = result.machines.map(({ name, address, done }) => `${name}  ${address}  ${done}`);
      const { pageLine } = await import('../machines/pages.js');
      const pages = Object.entries(result.pages).map(([page, url]) => pageLine(page, url));
      answer(options.json === true, result, [...rows, ...pages].join('\n'));
    });
}

function down(): Command {
  return new Command('down')
    .description('end a cluster of this machine, or one group of it; nothing of it is left')
    .requiredOption('--cluster <name>', 'the cluster')
    .option('--group <name>', 'only this group; the cluster goes with its last machine')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln machines down --cluster local')
    .action(async (options: Json & { cluster: string; group?: string }) => {
      const { root, state, cache } = findProject();
      requireRoot('machines, networks and mounts');
      const [{ hostMachinery }, { down: end }, { clusterName }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/down.js'),
        import('../machines/cluster.js'),
      ]);
      const cluster = clusterName(options.cluster);
      const result = await end(hostMachinery(cache), {
        cluster,
        ...defined({ group: options.group }),
        root,
        state,
        onStep: note,
      });
      await (await import('./report-use.js')).machinesEnded(findProject(), cluster, options.group);
      answer(
        options.json === true,
        result,
        result.gone
          ? `nothing of the cluster ${cluster} is left`
          : `${String(result.removed.length)} machines of ${cluster} ended`,
      );
    });
}

function wait(): Command {
  return new Command('wait')
    .description(
      'return when every machine of a cluster is ready, its workers are registered and have run a small job',
    )
    .requiredOption('--cluster <name>', 'the cluster')
    .option('--workers <n>', 'workers that the master must count as alive', whole, 0)
    .option('--timeout <seconds>', 'give up after so long', whole, 300)
    .option('--no-canary', 'do not run a small job on every worker to prove it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln machines wait --cluster local --workers 2 --timeout 300')
    .action(
      async (options: Json & { cluster: string; workers: number; timeout: number; canary: boolean }) => {
        const { state, cache } = findProject();
        requireRoot('the machines');
        const [{ hostMachinery }, { wait: until }, { clusterName, clusterPaths }] = await Promise.all([
          import('../machines/host.js'),
          import('../machines/wait.js'),
          import('../machines/cluster.js'),
        ]);
        const { workers, timeout, canary } = options;
        const paths = clusterPaths(clusterName(options.cluster), state);
        const result = await until(hostMachinery(cache), paths, { workers, timeout, canary, onStep: note });
        answer(
          options.json === true,
          result,
          `${String(result.machines)} machines ready, ${String(result.workers)} workers registered${result.canary === null ? '' : ' and proved by a canary'}, after ${formatDuration(1000 * result.seconds)}`,
        );
      },
    );
}

function exec(): Command {
  return new Command('exec')
    .description('run a command as root in a machine of a cluster; output and exit code passed on')
    .requiredOption('--cluster <name>', 'the cluster')
    .option('--machine <name>', 'the machine (default: the master)')
    .argument('<command...>', 'after --: the command and its arguments')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  kiln machines exec --cluster local -- hadoop fs -ls s3a://flights/')
    .action(async (words: string[], options: { cluster: string; machine?: string }) => {
      const { state, cache } = findProject();
      requireRoot('the machines of a cluster');
      const [{ hostMachinery }, { enterWords }, { clusterName, clusterPaths }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/submit.js'),
        import('../machines/cluster.js'),
      ]);
      const paths = clusterPaths(clusterName(options.cluster), state);
      const command = words[0] === '--' ? words.slice(1) : words;
      const entered = await enterWords(hostMachinery(cache), paths, command, options.machine);
      process.exitCode = await entered.sandbox.attach(entered.words);
    });
}

export function machines(): Command {
  const command = new Command('machines')
    .description('machines of a local cluster (cdktf deploy local calls these)')
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  kiln machines wait --cluster local --workers 2');
  for (const child of [up, down, wait, exec]) command.addCommand(child().exitOverride());
  return command;
}
