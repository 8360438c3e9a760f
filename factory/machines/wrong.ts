import type { Fault } from '../errors';
import { fullness, type NodeOverview, type Overview } from './overview';

/** Part of scratch from which jobs are about to fail for lack of space. */
const FULL = 0.9;
/** Seconds by which clocks may differ: TLS and S3's signatures bear minutes, logs are compared by seconds. */
const CLOCK = 1;

type Rule = (node: NodeOverview, all: Overview) => Fault | undefined;

const fault = (where: string, what: string, hint?: string | null): Fault => ({
  where,
  what,
  ...(hint === undefined || hint === null ? {} : { hint }),
});
/** Rounded up, as df does. */
const percent = (part: number): string => `${String(Math.ceil(100 * part))} %`;

/** In this order; the first that a node breaks is told, since the others mostly follow from it. */
const RULES: readonly Rule[] = [
  ({ name, phase, console }) =>
    phase === 'ended' ? fault(name, 'the machine has ended', `its console: ${console}`) : undefined,
  ({ name, phase, status }) => {
    if (phase !== 'failed') return undefined;
    const { unit, what, where, hint } = status?.fault ?? { unit: null, what: null, where: null, hint: null };
    return fault(
      unit === null ? name : `${name}: ${unit}`,
      `${what ?? 'failed without saying why'}${where === null ? '' : ` (${where})`}`,
      hint,
    );
  },
  ({ name, status, image }) =>
    status?.image?.matches === false || (status?.image && status.image.digest !== image)
      ? fault(
          name,
          `runs another image than it was started from (${image})`,
          'deploy again: cdktf deploy STACK',
        )
      : undefined,
  ({ name, status }) =>
    status?.seal?.intact === false
      ? fault(name, 'a block of its root was changed: the seal is broken', 'replace the disk, deploy again')
      : undefined,
  ({ name, status }) =>
    (status?.files?.damaged ?? 0) > 0
      ? fault(
          name,
          `${String(status?.files?.damaged)} files are not those of its image`,
          'store the image again (kiln bake, kiln promote) and deploy again',
        )
      : undefined,
  ({ name, phase }) =>
    phase === 'leaving' || phase === 'left'
      ? fault(
          name,
          phase === 'left' ? 'has left the cluster' : 'leaves: its blocks move to the others',
          'kiln-status on the node says why; deploy again to replace it',
        )
      : undefined,
  ({ name, phase, console }) =>
    phase === 'ready'
      ? undefined
      : fault(name, `is not ready yet: ${phase}`, `kiln machines wait reports when; its console: ${console}`),
  ({ name, role, registered }, { master }) =>
    role === 'worker' && master !== null && registered !== 'ALIVE'
      ? fault(
          name,
          registered === null
            ? 'the master does not know this worker'
            : `the master counts it as ${registered}`,
          `kiln machines exec --machine ${name} -- journalctl -u spark-worker`,
        )
      : undefined,
  ({ name, answers }) =>
    answers
      ? undefined
      : fault(
          name,
          'does not answer at its exporter: scratch and clock are not known',
          `kiln machines exec --machine ${name} -- journalctl -u kiln-exporter`,
        ),
  ({ name, live }) =>
    live !== null && live.scratch === null
      ? fault(name, '/scratch is not mounted', 'kiln-scratch plan on the node says why')
      : undefined,
  ({ name, live }) =>
    live?.scratch?.readOnly === true
      ? fault(name, '/scratch takes no writes any more', 'see dmesg on the node; replace the disk')
      : undefined,
  ({ name, scratchBytes }) =>
    scratchBytes !== null && fullness(scratchBytes) >= FULL
      ? fault(
          name,
          `/scratch is ${percent(fullness(scratchBytes))} full: tasks will fail for lack of space`,
          'end jobs that are stuck, give the workers larger disks, or more workers',
        )
      : undefined,
  // A container has the clock of this machine, which is not the cluster's to keep right.
  ({ name, machine, live }) =>
    machine !== 'nspawn' && live?.clock && !live.clock.synchronised && live.clock.greatestErrorSeconds > CLOCK
      ? fault(
          name,
          `the clock is not synchronised: it may be off by ${live.clock.greatestErrorSeconds.toFixed(0)} s`,
          'chronyc sources on the node; is a time server reachable?',
        )
      : undefined,
];

function ofCluster({ cluster, state, damaged, master, nodes, applications, canary }: Overview): Fault[] {
  if (state === 'dead') {
    return [
      fault(
        cluster,
        'its processes have ended',
        `remove the rest: kiln machines down --cluster ${cluster}; then deploy again`,
      ),
    ];
  }
  if (state === 'elsewhere')
    return [
      fault(cluster, 'its processes run in another PID namespace: it can be seen and ended there only'),
    ];
  const found: Fault[] = [];
  const ready = nodes.filter(({ role, phase }) => role === 'master' && phase === 'ready');
  if (damaged) {
    found.push(
      fault(
        cluster,
        'the records of its machines were written by another kiln, or are damaged',
        `look at it from the project that started it; kiln machines down --cluster ${cluster} removes it`,
      ),
    );
  } else if (nodes.length === 0) found.push(fault(cluster, 'it has no machines', 'cdktf deploy STACK'));
  if (master === null && ready.length > 0) {
    found.push(
      fault(
        cluster,
        'the master does not answer',
        `kiln machines exec --cluster ${cluster} -- journalctl -u spark-master`,
      ),
    );
  }
  for (const { id, name, cores } of applications.filter(({ state: is }) => is === 'WAITING')) {
    found.push(
      fault(
        `${id} (${name})`,
        cores === 0
          ? 'waits for executors: no worker has the cores and memory that it asks for free'
          : `waits for more executors, with ${String(cores)} cores so far`,
        'end another job, ask for less (spark.executor.memory, spark.executor.cores), or add workers',
      ),
    );
  }
  if (canary && canary.missing.length > 0) {
    found.push(
      fault(
        cluster,
        `the canary ran no executor on ${canary.missing.join(', ')}`,
        `try again: kiln machines exec --cluster ${cluster} -- /usr/lib/kiln/kiln-node canary --again`,
      ),
    );
  }
  return found;
}

/** What is wrong with a cluster, in words; empty when nothing is. */
export function wrong(all: Overview): readonly Fault[] {
  const nodes =
    all.state === 'up'
      ? all.nodes.map((node) => RULES.map((rule) => rule(node, all)).find((found) => found !== undefined))
      : [];
  return [...ofCluster(all), ...nodes.filter((found) => found !== undefined)];
}
