import type { System } from './system';

/** A machine that has exactly what is said: files by path (programs as files of /usr/bin). */
export function fakeSystem(
  options: {
    readonly user?: number;
    readonly architecture?: string;
    readonly node?: string;
    readonly programs?: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
    readonly freeBytes?: number;
    readonly ports?: Readonly<Record<number, { pid: number; name: string; store?: string }>>;
  } = {},
): System {
  const { programs = [], files = {}, ports = {} } = options;
  return {
    user: options.user ?? 0,
    architecture: options.architecture ?? 'x64',
    node: options.node ?? '20.19.0',
    which: (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
    exists: (path) => path in files,
    list: (folder, name) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${folder}/`))
          .map((file) => file.slice(folder.length + 1).split('/')[0] ?? '')
          .filter((entry) => name.test(entry))
          .map((entry) => `${folder}/${entry}`),
      ),
    ],
    read: (path) => files[path],
    freeBytes: () => options.freeBytes ?? Number.MAX_SAFE_INTEGER,
    portOwner: (port) => ports[port],
  };
}
