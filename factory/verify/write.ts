import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Verdict } from '../contracts/verdict';

/** Beside a record: the newest verdict of `kiln verify`, and what the console showed. */
const VERDICT_FILE = join('verdicts', 'verified.json');
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
  const path = join(folder, VERDICT_FILE);
  await write(path, verdictText(verdict));
  return path;
}
