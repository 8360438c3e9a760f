import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';

/** Bytes of a file that are looked at: where two contents part is near the front, or not worth more memory. */
const MOST = 16 * 1024 * 1024;

/** The beginning of each wanted file of a layer's tar; paths without a leading slash. */
export async function contentsOf(
  tar: string,
  paths: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const reader = extract();
  const reading = pipeline(createReadStream(tar, { highWaterMark: 1 << 20 }), reader);
  reading.catch((error: unknown) => {
    reader.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  for await (const entry of reader) {
    const path = entry.header.name.replace(/^\.\//, '');
    const wanted = paths.has(path);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      if (wanted && size < MOST) chunks.push(chunk);
      size += chunk.length;
    }
    if (wanted) found.set(path, Buffer.concat(chunks));
  }
  await reading;
  return found;
}
