import { accessSync, constants, existsSync, readFileSync, readdirSync, statfsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { System } from './system';

/** Where root's programs are, though a user's PATH may lack it. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param portOwner how to find who listens on a port. */
export const hostSystem = (portOwner: System['portOwner']): System => ({
  user: process.getuid?.() ?? -1,
  architecture: process.arch,
  node: process.versions.node,
  which: (program) =>
    [...(process.env['PATH'] ?? '').split(delimiter), ...SBIN]
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, program))
      .find(executable),
  exists: existsSync,
  list: (folder, name) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((entry) => name.test(entry))
          .sort()
          .map((entry) => join(folder, entry))
      : [],
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  freeBytes: (path) => {
    let folder = path;
    while (!existsSync(folder)) folder = dirname(folder);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
  portOwner,
});
