import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostname } from 'node:os';
import type { ImageRecord } from '../contracts/record';
import type { Verdict } from '../contracts/verdict';
import { KilnError } from '../errors';
import { type Attached, startAttached } from '../machines/qemu/attached';
import type { Accelerator } from '../machines/qemu/command-line';
import { lastJsonLine } from '../machines/qemu/status-lines';
import { judge, type Observation, SCRATCH_DISKS } from './judge';
import { MAC, SECRET, seed } from './node';
import { parseProofStatus, type ProofStatus } from './status';

export interface Proof {
  readonly verdict: Verdict;
  /** All that the machine's console showed. */
  readonly console: string;
}

interface VerifyOptions {
  /** The raw disk, absolute. */
  readonly disk: string;
  /** Its digest as it is now, `sha256:…`. */
  readonly diskDigest: string;
  readonly record: ImageRecord;
  readonly accelerator: Accelerator;
  /** Seconds for the whole boot. */
  readonly deadline: number;
  /** factory/machines/qemu/boot-attached of this installation. */
  readonly launcher: string;
  /** kiln's version. */
  readonly version: string;
  /** What the machine is at, as it changes, with seconds since its start. */
  readonly onProgress?: (what: string, seconds: number) => void;
}

const POLL = 250;
/** A panicked kernel stands still: waiting for more is in vain. */
const PANIC = /^(?:\[ *[\d.]+\] )?Kernel panic - not syncing: /m;
/** After a fault the report of the whole system follows soon, if it can. */
const GRACE = 120_000;
const SCRATCH_MIB = 512;
const MEMORY_MIB = 2048;

/** The last thing a person could read on the console; undefined when there is nothing. */
export function lastConsoleLine(console: string): string | undefined {
  return console
    .slice(-4000)
    .split('\n')
    .map((line) =>
      line
        // Terminal control sequences, ECMA-48.
        // eslint-disable-next-line no-control-regex
        .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|[^[])/g, '')
        // eslint-disable-next-line no-control-regex
        .replace(/[\u0000-\u001f]/g, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .at(-1);
}

interface Watch {
  readonly status: ProofStatus | undefined;
  readonly end: Observation['end'];
}

async function watch(machine: Attached, options: VerifyOptions, started: number): Promise<Watch> {
  const over: { end?: Awaited<Attached['ended']>; fault?: unknown } = {};
  machine.ended.then(
    (end) => (over.end = end),
    (fault: unknown) => (over.fault = fault),
  );
  let phase = '';
  let until = started + options.deadline * 1000;
  for (;;) {
    // Asked before the status is read: then that is the last there will be.
    const { end, fault } = over;
    if (fault !== undefined) throw missing(fault);
    const line = lastJsonLine(machine.status());
    const status = line === undefined ? undefined : parseProofStatus(line);
    if (status !== undefined && status.phase !== phase) {
      if (status.phase === 'failed') until = Math.min(until, Date.now() + GRACE);
      phase = status.phase;
      options.onProgress?.(`node ${phase}`, (Date.now() - started) / 1000);
    }
    if (status?.system !== undefined) return { status, end: 'reported' };
    if (end !== undefined) {
      if (end.code !== 0 && status === undefined) {
        throw new KilnError({
          code: 'qemu-failed',
          what: `QEMU ended with ${end.code === null ? 'a signal' : `exit code ${String(end.code)}`}: ${end.complaint}`,
          hint: 'kiln doctor says what this machine lacks',
        });
      }
      return { status, end: 'machine-ended' };
    }
    if (Date.now() > until) return { status, end: 'deadline' };
    const console = machine.console();
    if (PANIC.test(console)) return { status, end: 'panic' };
    if (phase === '') {
      const last = lastConsoleLine(console);
      if (last !== undefined) options.onProgress?.(last, (Date.now() - started) / 1000);
    }
    await sleep(POLL);
  }
}

const missing = (cause: unknown): KilnError =>
  new KilnError({
    code: 'missing-tool',
    what: 'setpriv is not on PATH',
    hint: 'apt-get install util-linux',
    cause,
  });

/**
 * Boots a disk by UEFI, with two emulated NVMe disks and no network, and judges what it says of itself.
 * @throws KilnError when it could not be tried: `qemu-failed`, `not-root`, `missing-tool`. A disk that
 *   does not boot is no error but a verdict.
 */
export async function verify(options: VerifyOptions): Promise<Proof> {
  const started = Date.now();
  const machine = startAttached(
    {
      accelerator: options.accelerator,
      // Emulated processors share one thread: more of them only make it slower.
      cpus: options.accelerator === 'kvm' ? 2 : 1,
      memoryMiB: MEMORY_MIB,
      disk: options.disk,
      scratch: { count: SCRATCH_DISKS, sizeMiB: SCRATCH_MIB },
      mac: MAC,
      seed: seed(options.record, `verify-${randomBytes(6).toString('hex')}`),
      credentials: { [SECRET]: randomBytes(32).toString('hex') },
    },
    options.launcher,
  );
  try {
    const { status, end } = await watch(machine, options, started);
    const took = Date.now() - started;
    const checks = judge(options.record, {
      diskDigest: options.diskDigest,
      status,
      end,
      seconds: took / 1000,
    });
    return {
      console: machine.console(),
      verdict: {
        version: 1,
        kind: 'verified',
        digest: options.record.digest,
        ok: checks.every(({ ok }) => ok),
        checks: [...checks],
        at: new Date().toISOString(),
        by: { kiln: options.version, host: hostname(), accelerator: options.accelerator },
        timings: { ...status?.timings, total: took },
      },
    };
  } finally {
    await machine.stop();
  }
}
