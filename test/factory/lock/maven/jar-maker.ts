import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { buffer } from 'node:stream/consumers';

/** A class file with references to other classes: as much of the format as decides where a class belongs. */
export function classFile(
  name: string,
  {
    references = [],
    java = 17,
    text = '',
  }: { references?: readonly string[]; java?: number; text?: string } = {},
): Buffer {
  const utf8 = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    const head = Buffer.alloc(3);
    head.writeUInt8(1, 0);
    head.writeUInt16BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  };
  const short = (tag: number, value: number): Buffer => {
    const bytes = Buffer.alloc(3);
    bytes.writeUInt8(tag, 0);
    bytes.writeUInt16BE(value, 1);
    return bytes;
  };
  // A long takes two places in the pool: readers that do not know it read rubbish behind it.
  const long = Buffer.concat([Buffer.from([5]), Buffer.alloc(8, 7)]);
  const constants = [
    long,
    utf8(text),
    ...[name, ...references].flatMap((each, i) => [utf8(each), short(7, 4 + 2 * i)]),
  ];
  const head = Buffer.alloc(10);
  head.writeUInt32BE(0xcafebabe, 0);
  head.writeUInt16BE(44 + java, 6);
  head.writeUInt16BE(constants.length + 2, 8);
  return Buffer.concat([head, ...constants, Buffer.alloc(12)]);
}

/** A zip of those files, by the format's own description: deflated, no dates. */
export function zipOf(files: Readonly<Record<string, Buffer | string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, title, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, title]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** The pom.properties that Maven puts into a jar. */
export const pomFile = (group: string, artifact: string, version: string): Record<string, string> => ({
  [`META-INF/maven/${group}/${artifact}/pom.properties`]: `artifactId=${artifact}\nversion=${version}\n`,
});

/** A release of Spark as PyPI has it, with those jars. */
export async function sdistOf(jars: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'pyspark-4.1.4/PKG-INFO' }, 'Name: pyspark\n');
  for (const [file, bytes] of Object.entries(jars))
    archive.entry({ name: `pyspark-4.1.4/deps/jars/${file}` }, bytes);
  archive.finalize();
  return gzipSync(await buffer(archive));
}
