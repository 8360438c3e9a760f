/** What a class file says of itself (JVM specification, chapter 4). */
export interface ClassFile {
  /** Major version of the format: 52 is Java 8, 65 is Java 21. */
  readonly major: number;
  /** Internal names of the classes that it refers to, `scala/collection/Seq`; arrays of them left out. */
  readonly references: readonly string[];
}

const MAGIC = 0xcafebabe;
const UTF8 = 1;
const CLASS = 7;
/** Bytes behind the tag of each kind of constant; UTF-8 has a length of its own. */
const SIZES: Readonly<Record<number, number>> = {
  ...{ 3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4 },
  ...{ 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2 },
};
/** Long and double take two places in the pool. */
const WIDE = new Set([5, 6]);

/** @returns undefined where the bytes are no class file. */
export function parseClassFile(bytes: Buffer): ClassFile | undefined {
  if (bytes.length < 10 || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const names = new Map<number, string>();
  const classes: number[] = [];
  const count = bytes.readUInt16BE(8);
  let at = 10;
  for (let index = 1; index < count; index += 1) {
    const tag = bytes[at];
    if (tag === undefined || at + 3 > bytes.length) return undefined;
    if (tag === UTF8) {
      const length = bytes.readUInt16BE(at + 1);
      names.set(index, bytes.toString('utf8', at + 3, at + 3 + length));
      at += 3 + length;
      continue;
    }
    const size = SIZES[tag];
    if (size === undefined) return undefined;
    if (tag === CLASS) classes.push(bytes.readUInt16BE(at + 1));
    if (WIDE.has(tag)) index += 1;
    at += 1 + size;
  }
  const references = classes.flatMap((index) => {
    const name = names.get(index);
    return name === undefined || name.startsWith('[') ? [] : [name];
  });
  return { major: bytes.readUInt16BE(6), references };
}
