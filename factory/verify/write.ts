import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Verdict } from '../contracts/verdict';

/** Beside a record: the newest verdict of each kind, and what the console of `kiln verify` showed. */
const verdictFile = (kind: Verdict['kind']): string => join('verdicts', `${kind}.json`);
const CONSOLE_FILE = join('verdicts', 'verified.console.log');

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${String(process.pid)}.part`;
  await writeFile(part, content);
  await rename(part, path);
}

export const verdictText = (verdict: Verdict): string => `${JSON.stringify(verdict, null, 2)}\n`;

/** Writes the console's log. @returns its path. */
export async function writeConsole(folder: string, console: string): Promise<string> {
  const path = join(folder, CONSOLE_FILE);
  await write(path, console);
  return path;
}

/** Writes the verdict, after the console's log, so that a verdict always has one. */
export async function writeVerdict(folder: string, verdict: Verdict): Promise<string> {
  const path = join(folder, verdictFile(verdict.kind));
  await write(path, verdictText(verdict));
  return path;
}
