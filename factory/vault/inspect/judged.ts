import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileName, type Input } from '../../contracts/lock';

/** Archives that were looked through and found safe. */
export interface Judged {
  has(input: Input): boolean;
  add(input: Input): void;
}

/** How an archive is read, and so what was judged of it, depends on its name's ending. */
const endingOf = (input: Input): string => /\.(?:tar\.[a-z0-9]+|[a-z0-9]+)$/.exec(fileName(input))?.[0] ?? '';

/**
 * What decides a judgement beside the archive: the rules as they are compiled, and the versions of the libraries that
 * read archives. 12 hex digits.
 * @param home kiln's folder.
 */
export function rulesVersion(home: string): string {
  const hash = createHash('sha256').update(readFileSync(join(home, 'package.json')));
  const rules = readdirSync(__dirname).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'));
  for (const name of rules.sort()) hash.update(`\n${name}\n`).update(readFileSync(join(__dirname, name)));
  return hash.digest('hex').slice(0, 12);
}

/**
 * An empty file for each archive, `<version>/ab/abcd….deb`, named by its sha256: the same bytes are judged once by the same
 * rules. Whoever can write here can write the layers of the same cache, which nobody judges again either. Judgements by
 * other rules are dropped.
 */
export class JudgedFolder implements Judged {
  constructor(
    private readonly folder: string,
    private readonly version: string,
  ) {}

  private file(input: Input): string {
    return join(this.folder, this.version, input.sha256.slice(0, 2), `${input.sha256}${endingOf(input)}`);
  }

  has(input: Input): boolean {
    return existsSync(this.file(input));
  }

  add(input: Input): void {
    if (!existsSync(join(this.folder, this.version))) this.dropOthers();
    mkdirSync(join(this.file(input), '..'), { recursive: true });
    writeFileSync(this.file(input), '');
  }

  private dropOthers(): void {
    if (!existsSync(this.folder)) return;
    for (const name of readdirSync(this.folder))
      if (name !== this.version) rmSync(join(this.folder, name), { recursive: true, force: true });
  }
}
