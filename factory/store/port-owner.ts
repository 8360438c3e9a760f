import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { defined } from '../defined';

/** Inodes of the sockets that listen on a TCP port, out of /proc/net/tcp or tcp6 (proc(5)). */
export function listeners(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.split(':')[1] === wanted && fields[3] === '0A')
    .flatMap((fields) => (fields[9] === undefined ? [] : [fields[9]]));
}

interface PortOwner {
  readonly pid: number;
  /** Program name. */
  readonly name: string;
  /** State folder of the kiln store it belongs to, if it is one. */
  readonly store?: string;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        return inode !== undefined && inodes.has(inode);
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

/** Who listens on a TCP port of this machine; undefined when nobody that can be seen from here does. */
export function portOwner(port: number): PortOwner | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeners(read(join('/proc/net', table)), port)));
  if (inodes.size === 0) return undefined;
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && holdsSocket(entry, inodes));
  if (pid === undefined) return undefined;
  const store = /(?:^|\0)KILN_STORE_OUT=([^\0]+)/.exec(read(`/proc/${pid}/environ`))?.[1];
  return {
    pid: Number(pid),
    name: read(`/proc/${pid}/comm`).trim(),
    ...defined({ store }),
  };
}

/** Takes a port of the loopback and gives it back: the one asked for, or with 0 any free one; undefined when in use. */
export async function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' ? address?.port : undefined);
      });
    });
  });
}
