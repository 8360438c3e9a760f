import { type ChildProcess, spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import type { Exec, RunOptions, RunResult } from '../machine/exec';
import {
  type AttachOptions,
  HOST_NET,
  type Sandbox,
  type SandboxOptions,
  type Sandboxes,
  LIFELINE,
  type SpawnOptions,
} from './sandbox';
import { isStill, lockDescriptor } from '../../files/lock';
import { startTime } from '../../processes/process-id';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT = { PATH, HOME: '/root', LC_ALL: 'C.UTF-8' };

const TERMINAL_SIGNALS = ['SIGINT', 'SIGQUIT'] as const;
const TIED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Names that clusters have which an earlier kiln started. */
const LOCK = 'holder.lock';
const RECORD = 'holder.json';
const LOG = 'holder.log';
const PROCESSES = 'processes';

/**
 * Inside, as PID 1: /run afresh with the sandbox's folder bound back, the outside network kept as a
 * file, then the network namespace.
 */
const INNER = `
set -eu
exec 8<"$1"
mount -t tmpfs -o mode=0755,nosuid,nodev kiln-run /run
mkdir -p "$1"
mount --no-canonicalize --bind /proc/self/fd/8 "$1"
exec 8<&-
if [ "$3" = net ]; then
  touch ${HOST_NET}
  mount --bind /proc/self/ns/net ${HOST_NET}
  exec unshare --net bash -c 'eval "$KILN_INIT"' kiln-sandbox "$@"
fi
exec bash -c 'eval "$KILN_INIT"' kiln-sandbox "$@"
`;

/**
 * The first process: says who it is, then waits and reaps (bash waits for any child, adopted ones
 * too). The record names the PID namespace, which is the same number seen from anywhere.
 */
const INIT = `
set -eu
if [ "$3" = net ]; then ip link set lo up; fi
rm -rf "$1/${PROCESSES}"
mkdir "$1/${PROCESSES}"
printf '{"version":1,"name":"%s","net":%s,"namespace":"%s"}\\n' \
  "$2" "$([ "$3" = net ] && echo true || echo false)" "$(readlink /proc/self/ns/pid)" >"$1/${RECORD}.new"
mv "$1/${RECORD}.new" "$1/${RECORD}"
echo ready >&3
exec 3>&-
set +e
while :; do
  sleep infinity 4>&- &
  wait
done
`;

/** Inside, for a process that stays: id and start time together tell it from a later one of the same id. */
const STAY = `
set -eu
record=$1
cd "$2"
shift 2
umask 022
read -r line </proc/self/stat
read -r -a fields <<<"\${line##*) }"
echo "$$ \${fields[19]}" >"$record.new"
mv "$record.new" "$record"
exec "$@"
`;

const IN_FOLDER = 'cd "$1" && shift && exec "$@"';

interface SandboxRecord {
  readonly name: string;
  readonly net: boolean;
  readonly namespace: string;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

class HostSandbox implements Sandbox {
  constructor(
    private readonly exec: Exec,
    readonly dir: string,
    readonly name: string,
    readonly net: boolean,
    readonly pid: number,
  ) {}

  private entered(program: string, args: readonly string[], cwd = '/'): string[] {
    const namespaces = ['--pid', '--mount', ...(this.net ? ['--net'] : [])];
    return [
      '--target',
      String(this.pid),
      ...namespaces,
      '--',
      'bash',
      '-c',
      IN_FOLDER,
      'bash',
      cwd,
      program,
      ...args,
    ];
  }

  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { cwd, env, ...rest } = options;
    const clean = rest.extendEnv === true ? env : { ...ENVIRONMENT, ...env };
    return this.exec.run('nsenter', this.entered(program, args, cwd), {
      extendEnv: false,
      ...rest,
      ...defined({ env: clean }),
    });
  }

  async attach(words: readonly string[], { lifeline = false }: AttachOptions = {}): Promise<number> {
    const [program = '', ...args] = words;
    const child = spawnProcess('nsenter', this.entered(program, args), {
      stdio: ['inherit', 'inherit', 'inherit', ...(lifeline ? (['pipe'] as const) : [])],
      env: {
        ...ENVIRONMENT,
        ...defined({ TERM: process.env['TERM'] }),
        ...(lifeline ? { [LIFELINE]: '3' } : {}),
      },
      cwd: '/',
      // In a session of its own, a terminal's signals reach it through the lifeline alone.
      detached: lifeline,
    });
    const line = child.stdio[3] as Writable | null | undefined;
    line?.on('error', () => undefined); // ended already
    // Without a lifeline the signals of a terminal reach the program by itself; it decides what they mean.
    const signals = lifeline ? TIED_SIGNALS : TERMINAL_SIGNALS;
    const pass = (signal: NodeJS.Signals): void => void line?.write(`${signal}\n`);
    for (const signal of signals) process.on(signal, pass);
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
    } finally {
      for (const signal of signals) process.off(signal, pass);
      line?.destroy();
    }
  }

  async spawn(label: string, program: string, args: readonly string[], options: SpawnOptions): Promise<void> {
    if ((await this.alive(label)) !== undefined) {
      throw new KilnError({
        code: 'sandbox-label-taken',
        what: `${label} already runs in the sandbox ${this.name}`,
      });
    }
    const record = join(this.dir, PROCESSES, label);
    await rm(record, { force: true });
    const stay = ['--fork', 'bash', '-c', STAY, 'bash', record, options.cwd ?? '/', program, ...args];
    const log = openSync(options.log, 'a', 0o600);
    try {
      const child = spawnProcess('nsenter', this.entered('setsid', stay), {
        stdio: ['ignore', log, log],
        env: { ...ENVIRONMENT, ...options.env },
        cwd: '/',
      });
      await once(child, 'close');
    } finally {
      closeSync(log);
    }
    for (let tries = 0; !existsSync(record); tries += 1) {
      if (tries === 100) {
        throw new KilnError({
          code: 'sandbox-failed',
          what: `${program} could not be started in the sandbox ${this.name}`,
          hint: `see ${options.log}`,
        });
      }
      await sleep(50);
    }
  }

  alive(label: string): Promise<number | undefined> {
    const [pid, start] = (readIfThere(join(this.dir, PROCESSES, label)) ?? '').trim().split(' ');
    if (pid === undefined || start === undefined) return Promise.resolve(undefined);
    const stat = readIfThere(this.inside(`/proc/${pid}/stat`));
    return Promise.resolve(stat !== undefined && startTime(stat) === start ? Number(pid) : undefined);
  }

  labels(): Promise<readonly string[]> {
    return Promise.resolve(
      readdirSync(join(this.dir, PROCESSES))
        .filter((name) => !name.endsWith('.new'))
        .sort(),
    );
  }

  async kill(label: string): Promise<void> {
    const pid = await this.alive(label);
    if (pid === undefined) return;
    await this.run('kill', ['-KILL', String(pid)], { accept: [0, 1] });
    while ((await this.alive(label)) !== undefined) await sleep(20);
  }

  read(path: string): Promise<string | undefined> {
    return Promise.resolve(readIfThere(this.inside(path)));
  }

  async write(path: string, content: string): Promise<void> {
    const script = 'umask 077; mkdir -p "$1" && cat >"$2.new" && mv "$2.new" "$2"';
    await this.run('bash', ['-c', script, 'bash', dirname(path), path], { input: content });
  }

  async end(): Promise<void> {
    if (await isFree(this.dir)) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    // The lock goes last: free means that everything inside has ended.
    if (!(await isFree(this.dir, 60_000))) {
      throw new KilnError({
        code: 'sandbox-failed',
        what: `the processes of ${this.name} do not end`,
        hint: `one of them may wait for a disk: see ps -e -o pid,stat,args; first process: ${String(this.pid)}`,
      });
    }
  }

  async stop(): Promise<void> {
    await this.end();
    await removeFolder(this.dir, 10_000);
  }

  /** The sandbox's own view of a path; its first process's root is the tree inside, /proc included. */
  private inside(path: string): string {
    return `/proc/${String(this.pid)}/root${path}`;
  }
}

/** Undefined for a folder that is gone. */
function openLock(dir: string, flags: 'r' | 'a'): number | undefined {
  try {
    return openSync(join(dir, LOCK), flags, 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether nobody has the folder's lock, within so many milliseconds. Shared, so that asking never stands in anyone's way. */
async function isFree(dir: string, wait = 0): Promise<boolean> {
  const lock = openLock(dir, 'r');
  if (lock === undefined) return true;
  try {
    return await lockDescriptor(lock, { shared: true, wait });
  } finally {
    closeSync(lock);
  }
}

/** Removes the folder while nobody has its lock; false when somebody still has it after so many milliseconds. */
async function removeFolder(dir: string, wait = 0): Promise<boolean> {
  const lock = openLock(dir, 'a');
  if (lock === undefined) return true;
  try {
    if (!(await lockDescriptor(lock, { wait }))) return false;
    await rm(dir, { recursive: true, force: true });
    return true;
  } finally {
    closeSync(lock);
  }
}

/** First process of a PID namespace, as seen from here; undefined when none of its processes can be seen. */
function firstProcess(namespace: string): number | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readlinkSync(`/proc/${entry}/ns/pid`) !== namespace) continue;
    } catch {
      continue; // ended meanwhile
    }
    const ids = /^NSpid:\s+(.*)$/m.exec(readIfThere(`/proc/${entry}/status`) ?? '')?.[1]?.split(/\s+/);
    if (ids?.at(-1) === '1') return Number(entry);
  }
  return undefined;
}

function readRecord(dir: string): SandboxRecord | undefined {
  const text = readIfThere(join(dir, RECORD));
  return text === undefined ? undefined : (JSON.parse(text) as SandboxRecord);
}

/**
 * Starts the first process with the folder's lock: unshare and everything inside inherit it, so that it is free when all
 * of them have ended. Undefined when another has it, or when a `stop` removed the folder meanwhile.
 */
async function startLocked(
  { dir, name, net }: SandboxOptions,
  logFile: string,
): Promise<ChildProcess | undefined> {
  const lock = openLock(dir, 'a');
  if (lock === undefined) return undefined;
  try {
    if (!(await lockDescriptor(lock, { wait: 2000 })) || !isStill(join(dir, LOCK), lock)) return undefined;
    await rm(join(dir, RECORD), { force: true });
    const log = openSync(logFile, 'w', 0o600);
    // By environment, so that the process list stays readable.
    const inside = ['bash', '-c', 'eval "$KILN_INNER"', 'kiln-sandbox', dir, name, net ? 'net' : 'plain'];
    const child = spawnProcess(
      'unshare',
      ['--pid', '--mount', '--fork', '--kill-child', '--mount-proc', ...inside],
      {
        stdio: ['ignore', log, log, 'pipe', lock],
        detached: true,
        env: { ...ENVIRONMENT, KILN_INNER: INNER, KILN_INIT: INIT },
        cwd: '/',
      },
    );
    closeSync(log);
    // What could not be started says nothing.
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    closeSync(lock);
  }
}

export function hostSandboxes(exec: Exec): Sandboxes {
  async function find(dir: string): Promise<Sandbox | undefined> {
    for (let tries = 0; ; tries += 1) {
      if (await isFree(dir)) return undefined;
      const record = readRecord(dir);
      const pid = record === undefined ? undefined : firstProcess(record.namespace);
      if (record !== undefined && pid !== undefined) {
        return new HostSandbox(exec, dir, record.name, record.net, pid);
      }
      // Starting or ending at this moment? Both take well under a second.
      if (tries === 50) {
        throw new KilnError({
          code: 'sandbox-out-of-sight',
          what: `${dir} is held by a process that cannot be seen from here: it runs in another PID namespace`,
          hint: 'stop it where it was started, or end that container or sandbox as a whole',
        });
      }
      await sleep(100);
    }
  }

  async function start(options: SandboxOptions): Promise<Sandbox> {
    const { dir, name } = options;
    if (process.getuid?.() !== 0) {
      throw new KilnError({
        code: 'not-root',
        what: `namespaces and mounts of ${name} need root`,
        hint: 'run it again as root (sudo)',
        exitCode: 2,
      });
    }
    const exists = (): KilnError =>
      new KilnError({
        code: 'sandbox-exists',
        what: `${name} already runs in ${dir}`,
        hint: 'stop it first',
      });
    if ((await find(dir)) !== undefined) throw exists();
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o700);
    const logFile = join(dir, LOG);
    const child = await startLocked(options, logFile);
    if (child === undefined) throw exists();
    const said = await firstWord(child.stdio[3] as Readable);
    const sandbox = said === 'ready' ? await find(dir) : undefined;
    if (sandbox === undefined) {
      const tail = (readIfThere(logFile) ?? '').trimEnd().split('\n').slice(-5).join('\n');
      await removeFolder(dir, 10_000);
      throw new KilnError({
        code: 'sandbox-failed',
        what: `the namespaces of ${name} could not be made\n${tail}`,
        hint: 'unshare, mount and ip must be allowed here: kiln doctor says what is missing',
      });
    }
    return sandbox;
  }

  return {
    start,
    find,
    clear: (dir) => removeFolder(dir),
  };
}

/** What the pipe says up to its first line's end; empty when it closes before. */
async function firstWord(pipe: Readable): Promise<string> {
  let said = '';
  for await (const chunk of pipe) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  return said.trim();
}
