import { appendFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import { signalFamily } from '../../processes/family';
import type { Exec, RunOptions, RunResult } from './exec';

/** Debian package that brings a program, for the way out of `missing-tool`. */
const PACKAGES: Readonly<Record<string, string>> = {
  'apt-ftparchive': 'apt-utils',
  'ceph-mon': 'ceph-mon',
  'qemu-system-x86_64': 'qemu-system-x86',
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  java: 'default-jre-headless',
  packer: 'packer',
  radosgw: 'radosgw',
};

const quote = (word: string): string =>
  /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** The command as a person would type it again. */
export const replayable = (program: string, args: readonly string[]): string =>
  [program, ...args].map(quote).join(' ');

/** What of execa's child is used: with all of its output in one. */
interface Child {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly all: Readable;
}

/** Milliseconds between asking what ran out of time to end and ending it. */
const GRACE = 2000;

/**
 * Ends a program, and what it started, at its deadline. What left its family may hold its output open for as long as it
 * likes: that is not waited for.
 * @returns whether that was done, and how to call it off.
 */
function endAt(child: Child, milliseconds: number | undefined): { over: boolean; stop: () => void } {
  const timers: NodeJS.Timeout[] = [];
  const deadline = {
    over: false,
    stop: (): void => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
  const { pid } = child;
  if (milliseconds === undefined || pid === undefined) return deadline;
  const after = (wait: number, what: () => void): void => void timers.push(setTimeout(what, wait));
  // The number of one that has ended may be another's by now.
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) signalFamily(pid, name);
  };
  after(milliseconds, () => {
    deadline.over = true;
    signal('SIGTERM');
    after(GRACE, () => {
      signal('SIGKILL');
      for (const stream of [child.stdout, child.stderr, child.all]) stream.destroy();
    });
  });
  return deadline;
}

export const hostExec: Exec = {
  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const child = execa(program, [...args], {
      ...defined({ cwd: options.cwd, env: options.env }),
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      ...(options.signal === undefined
        ? {}
        : { cancelSignal: options.signal, killSignal: 'SIGKILL' as const }),
      extendEnv: options.extendEnv ?? true,
      reject: false,
      all: true,
      stripFinalNewline: false,
    });
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const deadline = endAt(child, options.timeout);
    if (options.onLine !== undefined || options.log !== undefined) {
      for await (const line of child.iterable({ from: 'all' })) {
        if (options.log !== undefined) appendFileSync(options.log, `${line}\n`);
        options.onLine?.(line);
      }
    }
    const result = await child;
    deadline.stop();
    if (result.cause !== undefined && 'code' in result && result.code === 'ENOENT') {
      throw new KilnError({
        code: 'missing-tool',
        what: `${program} is not on PATH`,
        hint: `apt-get install ${PACKAGES[program] ?? program}, or run tools/setup; kiln doctor lists all that is missing`,
        cause: result.cause,
      });
    }
    // QEMU, and others, end with 0 when they are told to: that they were told is what counts.
    const ended = deadline.over || result.isCanceled ? undefined : result.exitCode;
    if (ended === undefined || !(options.accept ?? [0]).includes(ended)) {
      const how = deadline.over
        ? `did not end within ${String((options.timeout ?? 0) / 1000)} s`
        : ended === undefined
          ? `was ended by ${result.signal ?? 'a signal'}`
          : `exit code ${String(result.exitCode)}`;
      const tail = result.all.trimEnd().split('\n').slice(-12).join('\n');
      throw new KilnError({
        code: 'command-failed',
        what: `${program}: ${how}\n${tail}`,
        hint: `run it by hand: ${replayable(program, args)}${options.log === undefined ? '' : `\nthe whole log: ${options.log}`}`,
        cause: result,
      });
    }
    return { code: ended, stdout: result.stdout, stderr: result.stderr };
  },
};
