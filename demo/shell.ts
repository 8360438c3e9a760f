import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A command as a person would type it; words that are only ours (paths, --json) may be left out of it. */
export interface Command {
  readonly words: readonly string[];
  /** @default the words */
  readonly shown?: string;
  /** Standard output is for the demo, not for people: it goes to the log only. */
  readonly answers?: true;
  /** What to show of a line; nothing of it when undefined. @default all of it */
  readonly show?: (line: string) => string | undefined;
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
}

export class CommandFailed extends Error {
  constructor(
    readonly shown: string,
    readonly code: number,
    /** Its last lines. */
    readonly tail: readonly string[],
    /** What it wrote to standard output: kiln's answer, also of an error. */
    readonly stdout: string,
  ) {
    super(`\`${shown}\` ended with exit code ${code}`);
    this.name = 'CommandFailed';
  }
}

export class Interrupted extends Error {}

const TAIL = 15;

/** Escape sequences that programs colour and redraw their lines with. */
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Runs commands one after another, as a user in the project's folder would. */
export class Shell {
  private interrupted = false;

  constructor(
    private readonly options: {
      readonly cwd: string;
      readonly env: Record<string, string | undefined>;
      /** Everything that is run and said is appended here. */
      readonly log: string;
    },
  ) {}

  /** Sets a variable for every command from here on. */
  set(name: string, value: string): void {
    this.options.env[name] = value;
  }

  /**
   * From here on `run` refuses; what runs now hears of it from the terminal itself.
   * @returns whether it was interrupted before.
   */
  interrupt(): boolean {
    const before = this.interrupted;
    this.interrupted = true;
    return before;
  }

  /** Lets `run` work again, to tidy up. */
  resume(): void {
    this.interrupted = false;
  }

  /**
   * @param onLine every line it says to people.
   * @throws CommandFailed, Interrupted
   */
  async run(command: Command, onLine: (line: string) => void = () => undefined): Promise<Result> {
    if (this.interrupted) throw new Interrupted();
    const { log, cwd, env } = this.options;
    const [program = '', ...args] = command.words;
    const shown = command.shown ?? command.words.join(' ');
    appendFileSync(log, `\n$ ${command.words.join(' ')}\n`);
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const tail: string[] = [];
    let stdout = '';
    const hear = (line: string, forPeople: boolean): void => {
      const plain = line.replace(ESCAPES, '').trimEnd();
      appendFileSync(log, `${plain}\n`);
      if (plain.trim() === '') return;
      // The tail is for people too: an error's JSON says the same as its text.
      if (!forPeople) return;
      // An event is for programs; what failed is said in words after it.
      if (!plain.startsWith('{"event":')) tail.push(plain);
      if (tail.length > TAIL) tail.shift();
      const shown = command.show === undefined ? plain : command.show(plain);
      if (shown !== undefined) onLine(shown);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      hear(line, command.answers !== true);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      hear(line, true);
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => {
        resolve(status ?? (signal === null ? 255 : 128));
      });
    });
    // A handler may have run while the command did.
    if (this.wasInterrupted()) throw new Interrupted();
    if (code !== 0) throw new CommandFailed(shown, code, tail, stdout);
    return { code, stdout };
  }

  private wasInterrupted(): boolean {
    return this.interrupted;
  }
}

/** The answer of a `--json` command. */
export function parseAnswer(text: string): unknown {
  return JSON.parse(text) as unknown;
}
