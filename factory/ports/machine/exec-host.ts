import { appendFileSync } from 'node:fs';
import { execa } from 'execa';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
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

export const hostExec: Exec = {
  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const child = execa(program, [...args], {
      ...defined({ cwd: options.cwd, env: options.env }),
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      ...defined({ timeout: options.timeout }),
      ...(options.signal === undefined
        ? {}
        : { cancelSignal: options.signal, killSignal: 'SIGKILL' as const }),
      extendEnv: options.extendEnv ?? true,
      reject: false,
      all: true,
      stripFinalNewline: false,
    });
    if (child.pid !== undefined) options.onStart?.(child.pid);
    if (options.onLine !== undefined || options.log !== undefined) {
      for await (const line of child.iterable({ from: 'all' })) {
        if (options.log !== undefined) appendFileSync(options.log, `${line}\n`);
        options.onLine?.(line);
      }
    }
    const result = await child;
    if (result.cause !== undefined && 'code' in result && result.code === 'ENOENT') {
      throw new KilnError({
        code: 'missing-tool',
        what: `${program} is not on PATH`,
        hint: `apt-get install ${PACKAGES[program] ?? program}, or run tools/setup; kiln doctor lists all that is missing`,
        cause: result.cause,
      });
    }
    // QEMU, and others, end with 0 when they are told to: that they were told is what counts.
    const ended = result.timedOut || result.isCanceled ? undefined : result.exitCode;
    if (ended === undefined || !(options.accept ?? [0]).includes(ended)) {
      const how = result.timedOut
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
