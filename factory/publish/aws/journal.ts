import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Digest } from '../../contracts/digest';
import { AwsRegion } from '../../contracts/publications/aws';

/** What an upload set out to do: what it is a part of must be the same for its blocks to count. */
const Intent = z.strictObject({
  version: z.literal(1),
  token: z.uuid(),
  digest: Digest,
  region: AwsRegion,
  volumeSize: z.int().positive(),
  parent: z.strictObject({ digest: Digest, snapshot: z.string() }).nullable(),
  kmsKey: z.string().nullable(),
  /** RFC 3339, UTC: when it began. */
  at: z.iso.datetime(),
});
type Intent = z.infer<typeof Intent>;

export interface Journalled {
  readonly intent: Intent;
  /** undefined when the answer to StartSnapshot never came. */
  readonly snapshot: string | undefined;
  /** Blocks that AWS said it has. */
  readonly sent: ReadonlySet<number>;
}

export const journalPath = (state: string, region: string, digest: string): string =>
  join(state, 'publish', `${region}-${digest.slice('sha256:'.length)}.journal`);

/** What a run that did not end left; undefined when there is none, or nothing of it can be used. */
export function readJournal(path: string): Journalled | undefined {
  if (!existsSync(path)) return undefined;
  // A line without its end is one that a kill cut: what it says did not happen yet.
  const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const intent = Intent.safeParse(parsed(first));
  if (!intent.success) return undefined;
  const snapshot = lines.find((line) => line.startsWith('snap-'));
  return {
    intent: intent.data,
    snapshot,
    sent: new Set(lines.filter((line) => /^\d+$/.test(line)).map(Number)),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * An upload's memory: one line an answer, appended before the next block goes. AWS lists the blocks of a snapshot only
 * once it is completed, so what a killed run sent is known here or nowhere.
 */
export class Journal {
  private constructor(
    private readonly path: string,
    private readonly file: number,
  ) {}

  static begin(path: string, intent: Intent): Journal {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    const journal = new Journal(path, openSync(path, 'a'));
    journal.line(JSON.stringify(intent));
    return journal;
  }

  static resume(path: string): Journal {
    // Half a number that a kill left would be another block's whole one.
    truncateSync(path, readFileSync(path).lastIndexOf('\n') + 1);
    return new Journal(path, openSync(path, 'a'));
  }

  private line(text: string): void {
    writeSync(this.file, `${text}\n`);
  }

  started(snapshot: string): void {
    this.line(snapshot);
  }

  sent(index: number): void {
    this.line(String(index));
  }

  close(): void {
    closeSync(this.file);
  }

  /** Closes and forgets it: its snapshot is an AMI's now, or gone. */
  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }
}
