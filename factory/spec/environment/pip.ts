import { posix } from 'node:path';
import type { Fault } from '../../errors';
import { readPipLine, type PipRequirement } from './requirement';
import { SHADOWS } from './shadows';
import { decode } from './text';

/** The pip part of an environment file, with the files that it names. */
export interface PipPart {
  readonly requirements: readonly PipRequirement[];
  readonly constraints: readonly PipRequirement[];
}

/** A file of the project by its path in it; undefined where there is none. */
export type ReadFile = (path: string) => Uint8Array | undefined;

type Kind = keyof PipPart;

/** Collects requirements over all files that name each other; what cannot be honoured is a fault. */
export class PipReader {
  readonly part = { requirements: [] as PipRequirement[], constraints: [] as PipRequirement[] };
  readonly faults: Fault[] = [];
  private readonly seen = new Set<string>();

  constructor(private readonly file: ReadFile) {}

  /**
   * @param from path of the file that the line stands in: others are named relative to it.
   * @param where of the line.
   */
  line(text: string, from: string, where: string, kind: Kind = 'requirements'): void {
    const read = readPipLine(text);
    switch (read.kind) {
      case 'nothing':
        return;
      case 'no':
        this.faults.push({ where, what: read.what, hint: read.hint });
        return;
      case 'file':
        this.include(read.path, from, where, read.of === 'constraints' ? 'constraints' : kind);
        return;
      case 'requirement': {
        const reason = SHADOWS[read.requirement.name];
        if (reason === undefined) this.part[kind].push({ ...read.requirement, where });
        else if (kind === 'requirements') {
          const what = `${read.requirement.name} has no place in the environment: ${reason}`;
          this.faults.push({ where, what, hint: 'remove it' });
        }
      }
    }
  }

  private include(named: string, from: string, where: string, kind: Kind): void {
    const path = posix.normalize(posix.join(posix.dirname(from), named));
    if (named.includes('://') || posix.isAbsolute(named) || path.startsWith('..')) {
      const hint = 'put it beside the environment file and name it by its relative path';
      this.faults.push({ where, what: 'a requirements file must lie in the project', hint });
      return;
    }
    if (this.seen.has(`${kind} ${path}`)) return;
    this.seen.add(`${kind} ${path}`);
    const bytes = this.file(path);
    if (bytes === undefined) {
      this.faults.push({ where, what: `there is no ${path}`, hint: 'write it, or correct its name' });
      return;
    }
    const decoded = decode(bytes);
    if (!('text' in decoded)) {
      this.faults.push({ where: `${path}:1:1`, what: decoded.what, hint: decoded.hint });
      return;
    }
    for (const { text, number } of logicalLines(decoded.text)) {
      this.line(text, path, `${path}:${String(number)}:1`, kind);
    }
  }
}

/** Lines with those that a backslash goes on with, each with the number of its first. */
function logicalLines(text: string): { readonly text: string; readonly number: number }[] {
  const lines: { text: string; number: number }[] = [];
  let open = false;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const body = line.replace(/\\$/, ' ');
    const last = lines[lines.length - 1];
    if (open && last !== undefined) last.text += body;
    else lines.push({ text: body, number: i + 1 });
    open = line.endsWith('\\');
  }
  return lines;
}
