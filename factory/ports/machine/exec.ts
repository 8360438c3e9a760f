/** Starting a program of this machine; no shell in between. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment when `extendEnv` is false; else added to this process's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly extendEnv?: boolean;
  readonly input?: string;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Appends both streams to this file as well. */
  readonly log?: string;
  /** Called for every line of standard output or error as it comes. */
  readonly onLine?: (line: string) => void;
  /** Called with the number of its process, once it has one. */
  readonly onStart?: (pid: number) => void;
  /** Kills the program, at once, when it is aborted: the run then fails. */
  readonly signal?: AbortSignal;
  /** Exit codes that are answers, not failures; default [0]. */
  readonly accept?: readonly number[];
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Exec {
  /**
   * Runs to the end.
   * @throws KilnError `command-failed` with the replayable command, exit code and last lines of stderr.
   * @throws KilnError `missing-tool` when the program is not on PATH, with the way to get it.
   */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
}
