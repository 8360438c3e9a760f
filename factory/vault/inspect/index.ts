import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import pLimit from 'p-limit';
import { fileName, type Input } from '../../contracts/lock';
import { KilnError } from '../../errors';
import { label } from '../faults';
import type { Vault } from '../vault';
import { ArchiveRules, Refused } from './rules';
import { inspectTar } from './tar';
import { inspectZip } from './zip';

/** Archives at a time: unpacking takes a processor each. */
const AT_ONCE = 2;

/** A program's output as a stream; its failure is the stream's. */
async function through(
  program: string,
  args: readonly string[],
  input: Readable | undefined,
  use: (output: Readable) => Promise<void>,
): Promise<void> {
  const child = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000);
  });
  if (child.stdin !== null) {
    // A program that gave up reads no more: its exit code tells why.
    child.stdin.on('error', () => undefined);
    input?.on('error', () => child.kill());
    input?.pipe(child.stdin);
  }
  const ended = once(child, 'close') as Promise<[number | null]>;
  ended.catch(() => undefined);
  if (child.stdout === null) throw new Error(`${program} has no output`);
  let fault: unknown;
  try {
    await use(child.stdout);
  } catch (error) {
    fault = error;
    child.kill();
  }
  const [code] = await ended;
  if (fault instanceof Refused) throw fault;
  if (code !== null && code !== 0) throw new Error(`${program}: ${said.trim()}`);
  if (fault instanceof Error) throw fault;
}

/** The file's entries, judged. @throws Refused, and what its parser says of a broken one. */
async function judge(file: string, name: string, size: number): Promise<void> {
  const rules = new ArchiveRules(size, false);
  if (name.endsWith('.deb')) {
    for (const part of ['--ctrl-tarfile', '--fsys-tarfile']) {
      const own = new ArchiveRules(size, true);
      await through('dpkg-deb', [part, file], undefined, (tar) => inspectTar([tar], own));
    }
  } else if (name.endsWith('.conda')) {
    const inner = new ArchiveRules(size, false);
    await inspectZip(file, size, rules, {
      wants: (entry) => entry.endsWith('.tar.zst'),
      read: (content) =>
        through('zstd', ['--decompress', '--stdout', '--quiet'], content, (tar) => inspectTar([tar], inner)),
    });
  } else if (/\.(jar|whl|zip)$/.test(name)) {
    await inspectZip(file, size, rules);
  } else if (/\.(tar\.gz|tgz)$/.test(name)) {
    await inspectTar([createReadStream(file, { highWaterMark: 1 << 20 }), createGunzip()], rules);
  } else if (name.endsWith('.tar.bz2')) {
    await through('bzip2', ['--decompress', '--stdout', file], undefined, (tar) => inspectTar([tar], rules));
  } else {
    throw new Refused('is no kind of archive that kiln knows');
  }
}

/**
 * Looks through one archive, whose sha256 must have been compared before: a lock can name a hostile file, too.
 * @throws KilnError `unsafe-archive` that names the input, the entry and the cause.
 */
export async function inspect(input: Input, file: string): Promise<void> {
  try {
    await judge(file, fileName(input), input.size);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw error;
    throw new KilnError({
      code: 'unsafe-archive',
      what: `${label(input)}: ${fileName(input)} is not unpacked: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'its sha256 is what the lock says: look at where it comes from, and lock another version',
      cause: error,
    });
  }
}

/**
 * The one way from the vault to whatever unpacks: the inputs are there and right (ensure), and then, not before,
 * read, for what would get out of its folder, into another's place, or fill the disk. What was read before and found
 * safe is not read again.
 */
export async function admit(
  vault: Pick<Vault, 'ensure' | 'path' | 'judged'>,
  inputs: readonly Input[],
  look: (input: Input, file: string) => Promise<void> = inspect,
): Promise<void> {
  await vault.ensure(inputs);
  const limit = pLimit(AT_ONCE);
  const ended = await Promise.allSettled(
    inputs
      .filter((input) => !vault.judged.has(input))
      .map((input) =>
        limit(async () => {
          await look(input, vault.path(input.sha256));
          vault.judged.add(input);
        }),
      ),
  );
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
