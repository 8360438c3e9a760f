import { spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../../errors';
import type { Exec, RunOptions, RunResult } from '../machine/exec';
import {
  type AttachOptions,
  HOST_NET,
  type Holder,
  type HolderOptions,
  type Holders,
  LIFELINE,
  type SpawnOptions,
} from './holder';
import { startTime } from '../../processes/process-id';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT = { PATH, HOME: '/root', LC_ALL: 'C.UTF-8' };

const TERMINAL_SIGNALS = ['SIGINT', 'SIGQUIT'] as const;
const TIED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const LOCK = 'holder.lock';
const RECORD = 'holder.json';
const LOG = 'holder.log';
const PROCESSES = 'processes';

/**
 * Outside: takes the folder's lock and becomes unshare, which keeps it until everything inside has
 * ended. The lock file may have been removed by a `stop` between open and flock: then it is not ours.
 */
const OUTER = `
set -eu
exec 9>>"$1/${LOCK}"
flock -w 2 9 || { echo busy >&3; exit 0; }
[ "$1/${LOCK}" -ef /proc/self/fd/9 ] || { echo busy >&3; exit 0; }
rm -f "$1/${RECORD}"
exec unshare --pid --mount --fork --kill-child --mount-proc bash -c 'eval "$KILN_INNER"' kiln-holder "$@"
`;

/**
 * Inside, as PID 1: /run afresh with the holder's folder bound back, the outside network kept as a
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
  exec unshare --net bash -c 'eval "$KILN_INIT"' kiln-holder "$@"
fi
exec bash -c 'eval "$KILN_INIT"' kiln-holder "$@"
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
  sleep infinity 9>&- &
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

interface HolderRecord {
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

class HostHolder implements Holder {
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
      ...(clean === undefined ? {} : { env: clean }),
    });
  }

  async attach(words: readonly string[], { lifeline = false }: AttachOptions = {}): Promise<number> {
    const [program = '', ...args] = words;
    const child = spawnProcess('nsenter', this.entered(program, args), {
      stdio: ['inherit', 'inherit', 'inherit', ...(lifeline ? (['pipe'] as const) : [])],
      env: {
        ...ENVIRONMENT,
        ...(process.env['TERM'] === undefined ? {} : { TERM: process.env['TERM'] }),
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
        code: 'holder-label-taken',
        what: `${label} already runs in the holder ${this.name}`,
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
          code: 'holder-failed',
          what: `${program} could not be started in the holder ${this.name}`,
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
    if (!(await lockHeld(this.exec, this.dir))) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    // The lock goes last: free means that everything inside has ended.
    const { code } = await this.exec.run(
      'flock',
      ['-s', '-w', '60', '-E', '75', join(this.dir, LOCK), 'true'],
      {
        accept: [0, 75],
      },
    );
    if (code === 75) {
      throw new KilnError({
        code: 'holder-failed',
        what: `the processes of ${this.name} do not end`,
        hint: `one of them may wait for a disk: see ps -e -o pid,stat,args; first process: ${String(this.pid)}`,
      });
    }
  }

  async stop(): Promise<void> {
    await this.end();
    await removeFolder(this.exec, this.dir, 10);
  }

  /** The holder's own view of a path; its first process's root is the tree inside, /proc included. */
  private inside(path: string): string {
    return `/proc/${String(this.pid)}/root${path}`;
  }
}

/** Shared and without waiting, so that asking never stands in anyone's way for long. */
async function lockHeld(exec: Exec, dir: string): Promise<boolean> {
  const lock = join(dir, LOCK);
  if (!existsSync(lock)) return false;
  const { code } = await exec.run('flock', ['-n', '-s', '-E', '75', lock, 'true'], { accept: [0, 75] });
  return code === 75;
}

/** Removes the folder while nobody has its lock; false when somebody still has it after `seconds`. */
async function removeFolder(exec: Exec, dir: string, seconds: number): Promise<boolean> {
  if (!existsSync(dir)) return true;
  const args = ['-w', String(seconds), '-E', '75', join(dir, LOCK), 'rm', '-rf', '--', dir];
  const { code } = await exec.run('flock', args, { accept: [0, 75] });
  return code === 0;
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

function readRecord(dir: string): HolderRecord | undefined {
  const text = readIfThere(join(dir, RECORD));
  return text === undefined ? undefined : (JSON.parse(text) as HolderRecord);
}

export function hostHolders(exec: Exec): Holders {
  async function find(dir: string): Promise<Holder | undefined> {
    for (let tries = 0; ; tries += 1) {
      if (!(await lockHeld(exec, dir))) return undefined;
      const record = readRecord(dir);
      const pid = record === undefined ? undefined : firstProcess(record.namespace);
      if (record !== undefined && pid !== undefined) {
        return new HostHolder(exec, dir, record.name, record.net, pid);
      }
      // Starting or ending at this moment? Both take well under a second.
      if (tries === 50) {
        throw new KilnError({
          code: 'holder-elsewhere',
          what: `${dir} is held by a process that cannot be seen from here: it runs in another PID namespace`,
          hint: 'stop it where it was started, or end that container or sandbox as a whole',
        });
      }
      await sleep(100);
    }
  }

  async function start(options: HolderOptions): Promise<Holder> {
    const { dir, name, net } = options;
    if (process.getuid?.() !== 0) {
      throw new KilnError({
        code: 'not-root',
        what: `namespaces and mounts of ${name} need root`,
        hint: 'run it again as root (sudo)',
        exitCode: 2,
      });
    }
    const exists = (): KilnError =>
      new KilnError({ code: 'holder-exists', what: `${name} already runs in ${dir}`, hint: 'stop it first' });
    if ((await find(dir)) !== undefined) throw exists();
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o700);
    const logFile = join(dir, LOG);
    const log = openSync(logFile, 'w', 0o600);
    const child = spawnProcess(
      'bash',
      // By environment, so that the process list stays readable.
      ['-c', 'eval "$KILN_OUTER"', 'kiln-holder', dir, name, net ? 'net' : 'plain'],
      {
        stdio: ['ignore', log, log, 'pipe'],
        detached: true,
        env: { ...ENVIRONMENT, KILN_OUTER: OUTER, KILN_INNER: INNER, KILN_INIT: INIT },
        cwd: '/',
      },
    );
    closeSync(log);
    child.unref();
    const said = await firstWord(child.stdio[3] as Readable);
    if (said === 'busy') throw exists();
    const holder = said === 'ready' ? await find(dir) : undefined;
    if (holder === undefined) {
      const tail = (readIfThere(logFile) ?? '').trimEnd().split('\n').slice(-5).join('\n');
      await removeFolder(exec, dir, 10);
      throw new KilnError({
        code: 'holder-failed',
        what: `the namespaces of ${name} could not be made\n${tail}`,
        hint: 'unshare, mount and ip must be allowed here: kiln doctor says what is missing',
      });
    }
    return holder;
  }

  return {
    start,
    find,
    clear: (dir) => removeFolder(exec, dir, 0),
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
