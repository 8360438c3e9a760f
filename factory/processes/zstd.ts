import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KilnError } from '../errors';

/*
 * Zstandard by its own program, which the bake needs as well: Node 20 has none, and its libraries either fetch a
 * binary when they are installed or run at a third of the speed (docs/decisions/chunks.md).
 */

/** The level at which both take about as long as reading the disk; higher ones cost much and gain little. */
const LEVEL = '-3';

const missing = (cause: unknown): KilnError =>
  new KilnError({
    code: 'missing-tool',
    what: 'zstd is not on PATH',
    hint: 'apt-get install zstd, or run tools/setup; kiln doctor lists all that is missing',
    cause,
  });

const failed = (what: string): KilnError => new KilnError({ code: 'zstd-failed', what: `zstd: ${what}` });

/** Runs zstd. @returns what it said. @throws KilnError `zstd-failed`, `missing-tool`. */
async function run(args: readonly string[]): Promise<void> {
  const child = spawn('zstd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = (await once(child, 'close').catch((error: unknown) => {
    throw missing(error);
  })) as [number | null];
  if (code !== 0) throw failed(Buffer.concat(said).toString('utf8').trim() || `exit code ${String(code)}`);
}

/**
 * Compresses each into a frame of its own, all in one process.
 * @param folder an empty folder for what is under way.
 */
export async function compress(contents: readonly Uint8Array[], folder: string): Promise<Buffer[]> {
  if (contents.length === 0) return [];
  await mkdir(folder, { recursive: true });
  const names = contents.map((_, index) => join(folder, String(index)));
  try {
    await Promise.all(names.map((name, index) => writeFile(name, contents[index] ?? '')));
    await run(['--quiet', '--force', '--no-progress', LEVEL, ...names]);
    return await Promise.all(names.map((name) => readFile(`${name}.zst`)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What frames hold, one behind the other, as it comes; no more than some of it is in memory. Whoever stops
 * reading ends the program.
 * @throws KilnError `zstd-failed` for what is no Zstandard or needs more than 128 MiB to unpack.
 */
export async function* decompress(
  frames: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Buffer> {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet', '--memory=128MB'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = once(child, 'close').then(
    ([code]) => code as number | null,
    (error: unknown) => {
      throw missing(error);
    },
  );
  ended.catch(() => undefined);
  const faults: unknown[] = [];
  const fed = pipeline(Readable.from(frames, { objectMode: true }), child.stdin).catch((error: unknown) => {
    // A program that gave up closes its input; why, its exit says.
    if (!(
      error instanceof Error &&
      'code' in error &&
      ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code))
    )) {
      faults.push(error);
      child.kill();
    }
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    await fed;
    if (faults.length > 0) throw faults[0];
    const code = await ended;
    if (code !== 0) throw failed(Buffer.concat(said).toString('utf8').trim() || `exit code ${String(code)}`);
  } finally {
    child.kill();
  }
}
