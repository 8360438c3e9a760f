import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { Refused, type ArchiveEntry, type ArchiveRules } from './rules';

/** What ends every tar. One that was cut between two members has no other sign of it. */
const END = 1024;

const TYPES: Readonly<Partial<Record<string, ArchiveEntry['type']>>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link',
  'character-device': 'device',
  'block-device': 'device',
  fifo: 'other',
};

/** Counts the zeros that a stream ends with. */
function zerosAtEnd(): { readonly stream: Transform; readonly count: () => number } {
  let zeros = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let last = chunk.length;
      while (last > 0 && chunk[last - 1] === 0 && chunk.length - last < END) last -= 1;
      zeros = last === 0 ? zeros + chunk.length : chunk.length - last;
      done(null, chunk);
    },
  });
  return { stream, count: () => zeros };
}

/**
 * Reads a tar to its end and judges its entries; their content goes nowhere.
 * @throws Refused, and whatever the streams say of a tar that cannot be read.
 */
export async function inspectTar(
  chunks: readonly (Readable | Transform)[],
  rules: ArchiveRules,
): Promise<void> {
  const end = zerosAtEnd();
  const reader = extract();
  const reading = pipeline([...chunks, end.stream, reader]);
  reading.catch((error: unknown) => {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const entry of reader) {
      const { name, type, size, linkname } = entry.header;
      rules.admit({
        name,
        type: TYPES[type] ?? 'other',
        size,
        ...(typeof linkname === 'string' ? { link: linkname } : {}),
      });
      entry.resume();
    }
  } finally {
    await reading.catch(() => undefined);
  }
  await reading;
  if (end.count() < END) throw new Refused('is cut: a tar ends with zeros');
}
