import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError, type Fault } from '../errors';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { type Canary, prove } from './canary';
import { type ClusterPaths, noCluster, readMachines } from './cluster';
import { CONSOLE, type Machine } from './driver';
import type { NodeLook } from './look';
import type { Machinery } from './machinery';
import { aliveWorkers, askMaster } from './master';

interface WaitInput {
  /** Workers that the master must count as alive. */
  readonly workers: number;
  /** Seconds. */
  readonly timeout: number;
  /** Whether a job has to run an executor on every worker. */
  readonly canary: boolean;
  readonly onStep: (line: string) => void;
}

interface WaitResult {
  readonly machines: number;
  readonly workers: number;
  readonly seconds: number;
  /** null where none was asked for, there are no workers, or the master's machine cannot be entered. */
  readonly canary: Canary | null;
}

/** Seconds that the canary has at least: several JVMs start for it. */
const MOST_HASTE = 60;

const consoleOf = (machine: Machine): string => join(machine.folder, CONSOLE);

const ESCAPE = '\u001B';
const BELL = '\u0007';
/** What moves a terminal's cursor, colours it or names its window (ECMA-48). */
const CONTROL = new RegExp(
  `${ESCAPE}(?:\\[[0-9;?]*[A-Za-z]|\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)|.)`,
  'g',
);

/** Lines of a console's end that say something, without terminal control. */
export function consoleTail(text: string, lines: number): string {
  return text
    .replaceAll(CONTROL, '')
    .split(/\r*\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .join('\n');
}

async function tailOf(machine: Machine): Promise<string> {
  return consoleTail(await readFile(consoleOf(machine), 'utf8').catch(() => ''), 8);
}

/** What of a machine makes waiting for it pointless; undefined while there is hope. */
async function faultOf({ machine, alive, status }: NodeLook): Promise<Fault | undefined> {
  if (!alive) {
    return {
      where: machine.name,
      what: `ended\n${await tailOf(machine)}`,
      hint: `its console: ${consoleOf(machine)}`,
    };
  }
  if (status?.phase !== 'failed') return undefined;
  const { unit, what, where, hint } = status.fault ?? {
    unit: null,
    what: 'the node says that it failed, without a cause',
    where: null,
    hint: null,
  };
  return {
    where: `${machine.name}${unit === null ? '' : `: ${unit}`}`,
    what: `${what}${where === null ? '' : ` (${where})`}`,
    hint: `${hint === null ? '' : `${hint}\n    `}its console: ${consoleOf(machine)}`,
  };
}

/**
 * Returns when every machine of the cluster says that it is ready, the master counts the workers, and a canary
 * has run on each of them.
 * @throws KilnError `no-cluster`; `node-failed` at once, with the node's own fault; `wait-timeout` with
 *   what each machine last said; `canary-failed`.
 */
export async function wait(machinery: Machinery, paths: ClusterPaths, input: WaitInput): Promise<WaitResult> {
  const { now, sleep } = machinery.clock;
  const begun = now();
  const seconds = (): number => (now() - begun) / 1000;
  const said = new Map<string, string>();
  const say = (name: string, what: string): void => {
    if (said.get(name) === what) return;
    said.set(name, what);
    input.onStep(`${seconds().toFixed(0).padStart(4)} s  ${name}: ${what}`);
  };
  for (;;) {
    const sandbox = await insist(machinery, paths);
    const machines = await readMachines(paths);
    const looks = await Promise.all(
      machines.map(async (machine): Promise<NodeLook> => ({
        machine,
        alive: (await sandbox.alive(machine.name)) !== undefined,
        status: await machinery.drivers[machine.kind].status(machine, sandbox),
      })),
    );
    for (const { machine, status } of looks) say(machine.name, status?.phase ?? 'booting');
    const faults = (await Promise.all(looks.map(faultOf))).filter((fault) => fault !== undefined);
    if (faults.length > 0) {
      throw new KilnError({
        code: 'node-failed',
        what: `${String(faults.length)} of ${String(machines.length)} machines of ${paths.cluster} failed`,
        faults,
      });
    }
    const page = input.workers === 0 ? undefined : await askMaster(machinery, paths);
    const alive = input.workers === 0 ? 0 : page && aliveWorkers(page).length;
    const waiting = looks.filter(({ status }) => status?.phase !== 'ready');
    if (alive !== undefined && input.workers > 0) {
      say('master', `${String(alive)} of ${String(input.workers)} workers registered`);
    }
    if (machines.length > 0 && waiting.length === 0 && (alive ?? 0) >= input.workers) {
      const left = Math.max(MOST_HASTE, input.timeout - seconds());
      const canary =
        input.canary && input.workers > 0 ? await prove(machinery, paths, left, input.onStep) : null;
      return { machines: machines.length, workers: alive ?? 0, canary, seconds: seconds() };
    }
    if (seconds() >= input.timeout) {
      throw new KilnError({
        code: 'wait-timeout',
        what: `${paths.cluster} is not ready after ${String(input.timeout)} s: ${
          alive === undefined
            ? 'the master does not answer'
            : `${String(alive)} of ${String(input.workers)} workers are registered`
        }`,
        hint: 'give it longer (--timeout), or look at the consoles',
        faults: await Promise.all(
          waiting.map(async ({ machine, status }) => ({
            where: machine.name,
            what: `${status?.phase ?? 'has not said anything yet'}\n${await tailOf(machine)}`,
            hint: `its console: ${consoleOf(machine)}`,
          })),
        ),
      });
    }
    await sleep(500);
  }
}

async function insist(machinery: Machinery, paths: ClusterPaths): Promise<Sandbox> {
  const sandbox = await machinery.sandboxes.find(paths.run);
  if (sandbox !== undefined) return sandbox;
  throw noCluster(paths.cluster);
}
