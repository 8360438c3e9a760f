import { KilnError } from '../errors';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { type ClusterPaths, noCluster, readMachines } from './cluster';
import type { Machinery } from './machinery';

/** On every node: spark-submit with the cluster's settings; takes root's files, then becomes the user spark. */
const SUBMIT = '/usr/bin/kiln-submit';

interface Entered {
  readonly sandbox: Sandbox;
  readonly words: readonly string[];
}

/**
 * The words that run a command as root in a machine of the cluster, for the sandbox's `attach`.
 * @param name of the machine. @default the master
 * @throws KilnError `no-cluster`, `no-master` or `no-machine`, `no-way-in`.
 */
export async function enterWords(
  machinery: Machinery,
  paths: ClusterPaths,
  command: readonly string[],
  name?: string,
): Promise<Entered> {
  const sandbox = await machinery.sandboxes.find(paths.run);
  if (sandbox === undefined) throw noCluster(paths.cluster);
  const machine = (await readMachines(paths)).find((one) =>
    name === undefined ? one.node.role === 'master' : one.name === name,
  );
  if (machine === undefined || (await sandbox.alive(machine.name)) === undefined) {
    throw new KilnError({
      code: name === undefined ? 'no-master' : 'no-machine',
      what: `the cluster ${paths.cluster} has no ${name === undefined ? 'master machine' : `machine ${name}`} that runs`,
      hint: 'kiln clusters shows its machines; cdktf deploy local starts what is missing',
      exitCode: 1,
    });
  }
  const into = await machinery.drivers[machine.kind].enter?.(machine.name, sandbox);
  if (into === undefined) {
    throw new KilnError({
      code: 'no-way-in',
      what: `${machine.name} is a ${machine.kind} machine that is still starting or cannot be entered from here`,
      hint: 'kiln machines wait reports when it is ready; with machine: nspawn jobs can be started from here',
    });
  }
  return { sandbox, words: [...into, ...command] };
}

/**
 * The words that run a job in the cluster's master machine, for the sandbox's `attach`.
 * @throws KilnError as `enterWords`.
 */
export const submitWords = (
  machinery: Machinery,
  paths: ClusterPaths,
  args: readonly string[],
): Promise<Entered> => enterWords(machinery, paths, [SUBMIT, ...args]);
