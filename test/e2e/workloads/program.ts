import { z } from 'zod';
import type { Cluster } from '../spark/cluster';
import type { Rows } from './same';

const Answer = z.union([
  z.strictObject({ found: z.json(), seconds: z.number() }),
  z.strictObject({ error: z.string(), seconds: z.number() }),
]);
const RowsAnswer = z.array(z.array(z.json()));

/** What a program has reported: lines `NAME {JSON}`, jobs/report.py. */
export class Answers {
  private readonly answers: ReadonlyMap<string, z.infer<typeof Answer>>;

  constructor(private readonly output: string) {
    const lines = output.split('\n').map((line) => /^(\S+) (\{.*\})$/.exec(line));
    this.answers = new Map(
      lines.flatMap((line) =>
        line?.[1] === undefined || line[2] === undefined
          ? []
          : [[line[1], Answer.parse(JSON.parse(line[2]))] as const],
      ),
    );
  }

  /** @throws Error when it failed or never came. */
  found(name: string): unknown {
    const answer = this.of(name);
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    return answer.found;
  }

  rows(name: string): Rows {
    return RowsAnswer.parse(this.found(name));
  }

  /** How it failed. @throws Error when it did not. */
  error(name: string): string {
    const answer = this.of(name);
    if ('found' in answer) throw new Error(`${name} did not fail: ${JSON.stringify(answer.found)}`);
    return answer.error;
  }

  private of(name: string): z.infer<typeof Answer> {
    const answer = this.answers.get(name);
    if (answer === undefined)
      throw new Error(`the program did not report ${name}:\n${this.output.slice(-4000)}`);
    return answer;
  }
}

interface Options {
  /** As --conf has them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called for every line of what it reports as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs one of jobs/ to its end. */
export async function runProgram(
  cluster: Cluster,
  program: string,
  args: readonly string[],
  { settings = {}, onLine }: Options = {},
): Promise<Answers> {
  const conf = Object.entries(settings).flatMap(([key, value]) => ['--conf', `${key}=${value}`]);
  const words = ['run', cluster.name, '--', ...conf, `/scratch/workloads/${program}`, ...args];
  const { stdout } = await cluster.kiln(words, [0], onLine);
  return new Answers(stdout);
}
