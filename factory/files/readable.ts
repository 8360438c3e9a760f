import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { formatSize } from '../units';

const kindOf = (status: Stats): string =>
  status.isDirectory()
    ? 'a folder'
    : status.isFIFO()
      ? 'a named pipe'
      : status.isSocket()
        ? 'a socket'
        : 'a device';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  ELOOP: 'is a link that leads in a circle',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
};

/**
 * Why a file that somebody gave cannot be read whole: a pipe would be waited for without end, a large one fills the memory.
 * @param limit bytes that such a file may have.
 * @returns words that follow its name; undefined where it can be read.
 */
export function whyUnreadable(path: string, limit: number): string | undefined {
  try {
    const status = statSync(path);
    if (!status.isFile()) return `is ${kindOf(status)}, not a file`;
    if (status.size > limit)
      return `has ${formatSize(status.size)}, and ${formatSize(limit)} is the most that is read`;
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    return WORDS[code] ?? `cannot be read: ${code}`;
  }
}
