import type { RunOptions, RunResult } from '../machine/exec';

/**
 * A sandbox is a process tree that owns namespaces: PID and mount, and a network where asked for.
 * Whatever runs or is mounted inside ends with it, whichever way it ends, so that a kill -9 leaves
 * no process, mount, loop device or network behind.
 *
 * Inside, /run is a fresh tmpfs (memory-backed: the place for secrets, and for what programs drop
 * there); the rest of the file system is the machine's own. The network namespace of whoever started
 * it stays reachable at HOST_NET.
 */
export interface SandboxOptions {
  /**
   * The sandbox's own folder, absolute; made with mode 0700 and removed by `stop`. One sandbox a
   * folder. It is seen inside as well, even where it lies below /run.
   */
  readonly dir: string;
  /** What people see in the process list. */
  readonly name: string;
  /** A network namespace of its own, with only `lo`, which is up. */
  readonly net: boolean;
}

export interface SpawnOptions {
  /** File on this machine that gets both streams, appended. */
  readonly log: string;
  readonly cwd?: string;
  /** Added to PATH, HOME and LC_ALL: nothing of the caller's environment gets in. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface AttachOptions {
  /**
   * Ties the program to this process: it inherits a descriptor, whose number is in its environment as
   * LIFELINE, that ends with this process however this process ends. SIGINT, SIGTERM and SIGHUP to this
   * process become lines in it, such as `SIGINT`, and a terminal's own signals do not reach the program.
   * @default false
   */
  readonly lifeline?: boolean;
}

/** Environment variable with the descriptor's number (images/rootfs/usr/lib/kiln/kiln_node/jobs/caller.py). */
export const LIFELINE = 'KILN_LIFELINE';

/** Inside a sandbox with a network of its own: the network namespace outside, for `nsenter --net=`. */
export const HOST_NET = '/run/kiln-host-net';

export interface Sandbox {
  readonly dir: string;
  readonly name: string;
  readonly net: boolean;
  /** First process inside, as seen from here. */
  readonly pid: number;
  /**
   * Runs a program inside, to its end; errors as Exec.run's. Nothing of the caller's environment gets
   * in unless `extendEnv` is true.
   */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Runs a program inside on this process's own terminal or streams, to its end.
   * @param words the program and its arguments.
   * @returns its exit code; 128 and the signal's number when a signal ended it.
   */
  attach(words: readonly string[], options?: AttachOptions): Promise<number>;
  /**
   * Starts a program inside that stays when the caller ends.
   * @param label names it for `alive` and `kill`, now and in later commands; a-z, 0-9 and -.
   * @throws KilnError `sandbox-label-taken` while a process of that label lives.
   */
  spawn(label: string, program: string, args: readonly string[], options: SpawnOptions): Promise<void>;
  /** The process's id as seen inside while it lives; undefined once it has ended. */
  alive(label: string): Promise<number | undefined>;
  /** Labels ever given, ended ones included, sorted. */
  labels(): Promise<readonly string[]>;
  /** Ends a process at once and returns when it is gone; nothing to do is no error. */
  kill(label: string): Promise<void>;
  /** Reads a file as it is inside; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** Writes a file inside with mode 0600; its folder is made with mode 0700. */
  write(path: string, content: string): Promise<void>;
  /** Ends everything inside and returns when it is gone; the folder stays. Twice is no error. */
  end(): Promise<void>;
  /** `end`, and removes the folder. Stopping twice is no error. */
  stop(): Promise<void>;
}

export interface Sandboxes {
  /**
   * @throws KilnError `sandbox-exists` when one lives in that folder.
   * @throws KilnError `not-root`, `sandbox-failed` (with the log's last lines).
   */
  start(options: SandboxOptions): Promise<Sandbox>;
  /**
   * The living sandbox of a folder. What a dead one left is not a sandbox: undefined; `start` and
   * `clear` remove it.
   * @throws KilnError `sandbox-out-of-sight` when it lives where its processes cannot be seen from here
   *   (another PID namespace).
   */
  find(dir: string): Promise<Sandbox | undefined>;
  /** Removes the folder of a dead sandbox; false when a living one has it. */
  clear(dir: string): Promise<boolean>;
}
