import { KilnError } from '../../errors';
import type { RunOptions, RunResult } from '../machine/exec';
import type { Sandbox, SandboxOptions, Sandboxes, SpawnOptions } from './sandbox';

interface FakeProcess {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  readonly pid: number;
  alive: boolean;
}

/** What a program run inside answers; default: code 0 and nothing on either stream. */
export type FakeAnswer = (
  program: string,
  args: readonly string[],
  options: RunOptions,
) => Partial<RunResult>;

class FakeSandbox implements Sandbox {
  readonly runs: (readonly string[])[] = [];
  readonly processes = new Map<string, FakeProcess>();
  readonly files = new Map<string, string>();
  private lastPid = 1;
  stopped = false;

  constructor(
    readonly dir: string,
    readonly name: string,
    readonly net: boolean,
    readonly pid: number,
    private readonly answer: FakeAnswer,
    private readonly gone: () => void,
  ) {}

  private check(): void {
    if (this.stopped)
      throw new KilnError({ code: 'command-failed', what: `the sandbox ${this.name} has ended` });
  }

  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    await Promise.resolve();
    this.check();
    this.runs.push([program, ...args]);
    const result = { code: 0, stdout: '', stderr: '', ...this.answer(program, args, options) };
    if (!(options.accept ?? [0]).includes(result.code)) {
      throw new KilnError({
        code: 'command-failed',
        what: `${program}: exit code ${String(result.code)}\n${result.stderr}`,
      });
    }
    return result;
  }

  async attach(words: readonly string[]): Promise<number> {
    const [program = '', ...args] = words;
    const codes = Array.from({ length: 256 }, (_, code) => code);
    return (await this.run(program, args, { accept: codes })).code;
  }

  async spawn(label: string, program: string, args: readonly string[], options: SpawnOptions): Promise<void> {
    this.check();
    if ((await this.alive(label)) !== undefined) {
      throw new KilnError({
        code: 'sandbox-label-taken',
        what: `${label} already runs in the sandbox ${this.name}`,
      });
    }
    this.lastPid += 1;
    this.processes.set(label, { program, args, options, pid: this.lastPid, alive: true });
  }

  alive(label: string): Promise<number | undefined> {
    const found = this.processes.get(label);
    return Promise.resolve(found?.alive === true && !this.stopped ? found.pid : undefined);
  }

  labels(): Promise<readonly string[]> {
    return Promise.resolve([...this.processes.keys()].sort());
  }

  kill(label: string): Promise<void> {
    const found = this.processes.get(label);
    if (found !== undefined) found.alive = false;
    return Promise.resolve();
  }

  read(path: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(path));
  }

  async write(path: string, content: string): Promise<void> {
    await Promise.resolve();
    this.check();
    this.files.set(path, content);
  }

  async end(): Promise<void> {
    await Promise.resolve();
    this.stopped = true;
    this.gone();
  }

  stop(): Promise<void> {
    return this.end();
  }
}

export type { FakeSandbox };

/** Sandboxes in memory: one a folder, gone with everything inside when stopped or killed. */
export class FakeSandboxes implements Sandboxes {
  private readonly held = new Map<string, FakeSandbox>();
  private lastPid = 1000;

  constructor(private readonly answer: FakeAnswer = () => ({})) {}

  async start({ dir, name, net }: SandboxOptions): Promise<FakeSandbox> {
    await Promise.resolve();
    if (this.held.has(dir))
      throw new KilnError({ code: 'sandbox-exists', what: `${name} already runs in ${dir}` });
    this.lastPid += 1;
    const sandbox = new FakeSandbox(dir, name, net, this.lastPid, this.answer, () => this.held.delete(dir));
    this.held.set(dir, sandbox);
    return sandbox;
  }

  find(dir: string): Promise<FakeSandbox | undefined> {
    return Promise.resolve(this.held.get(dir));
  }

  clear(dir: string): Promise<boolean> {
    return Promise.resolve(!this.held.has(dir));
  }
}
