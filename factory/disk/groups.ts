import { dirname } from 'node:path/posix';

/** Bytes from which a file stands alone: what is smaller is read with its neighbours. */
const ALONE = 1024 * 1024;

const DPKG_INFO = /^var\/lib\/dpkg\/info\/([^/:]+)(?::[^/.]+)?\.([a-z0-9.]+)$/;
const CONDA_META = /^(.*)\/conda-meta\/([^/]+)\.json$/;

/** The files that say which package a path belongs to. */
export const isPackageList = (path: string): boolean =>
  CONDA_META.test(path) || DPKG_INFO.exec(path)?.[2] === 'list';

/** `name-1.2.3-build_0`, as conda names packages: the name may have dashes, version and build have none. */
const condaName = (file: string): string => file.split('-').slice(0, -2).join('-');

/** Debian's lists name paths from before /bin and /lib became links to /usr/bin and /usr/lib. */
const merged = (path: string): string => path.replace(/^(bin|sbin|lib|lib32|lib64|libx32)\//, 'usr/$1/');

/**
 * Path -> package, from the package managers' own lists.
 * @param lists path of each list -> content.
 */
export function packageOwners(lists: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const [path, content] of lists) {
    const conda = CONDA_META.exec(path);
    if (conda !== null) {
      const [, prefix = '', file = ''] = conda;
      const { files = [] } = JSON.parse(content) as { files?: readonly string[] };
      for (const below of files) owners.set(`${prefix}/${below}`, `conda ${condaName(file)}`);
      owners.set(path, `conda ${condaName(file)}`);
      continue;
    }
    const name = DPKG_INFO.exec(path)?.[1];
    if (name === undefined) continue;
    // A folder is in many lists, a file in one.
    for (const line of content.split('\n')) owners.set(merged(line.slice(1)), `deb ${name}`);
  }
  return owners;
}

/** Whether an item is one large file. */
export const standsAlone = (name: string): boolean => name.startsWith('file ');

/** Name of the item that a file belongs to: what is likely to change when it does. */
export function groupOf(
  file: { readonly path: string; readonly size: number },
  owners: ReadonlyMap<string, string>,
): string {
  if (file.size >= ALONE) return `file ${file.path}`;
  const info = DPKG_INFO.exec(file.path)?.[1];
  if (info !== undefined) return `deb ${info}`;
  return owners.get(file.path) ?? `folder ${dirname(file.path)}`;
}
