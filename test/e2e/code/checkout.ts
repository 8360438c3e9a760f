import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file's text, a program's, or where a link leads. */
export type Entry = string | Buffer | { readonly program: string } | { readonly link: string };

/** A command for git, as words. */
type Git = readonly string[];

const NOBODY = {
  GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
  GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com', GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
  GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null',
}; // prettier-ignore

/** A project as somebody has it checked out. */
export class Checkout {
  readonly root: string;

  /** @param code the package's folder in it, as factory.yaml names it. */
  constructor(
    readonly name: string,
    parent: string,
    readonly code = '.',
  ) {
    this.root = join(parent, name);
    mkdirSync(this.root, { recursive: true });
  }

  write(files: Readonly<Record<string, Entry>>): this {
    for (const [path, entry] of Object.entries(files)) {
      const file = join(this.root, path);
      mkdirSync(dirname(file), { recursive: true });
      if (typeof entry === 'string' || Buffer.isBuffer(entry)) writeFileSync(file, entry);
      else if ('link' in entry) symlinkSync(entry.link, file);
      else {
        writeFileSync(file, entry.program);
        chmodSync(file, 0o755);
      }
    }
    return this;
  }

  delete(path: string): this {
    rmSync(join(this.root, path), { recursive: true });
    return this;
  }

  git(...commands: readonly Git[]): this {
    for (const words of commands) {
      execFileSync('git', [...words], { cwd: this.root, env: { ...process.env, ...NOBODY }, stdio: 'pipe' });
    }
    return this;
  }

  /** Everything that is there now is a commit. */
  commit(...tags: readonly string[]): this {
    return this.git(
      ['init', '--quiet', '--initial-branch=main'],
      ['add', '--all'],
      ['commit', '--quiet', '--message=all'],
      ...tags.map((tag) => ['tag', '--annotate', '--message=it', tag]),
    );
  }
}
