/** What this machine is and has; looking only, nothing is changed. */
export interface System {
  readonly user: number;
  readonly architecture: string;
  /** Exact version of the Node that runs this, without the v. */
  readonly node: string;
  /** Absolute path of a program on PATH. */
  which(program: string): string | undefined;
  exists(path: string): boolean;
  /** Absolute paths of what is in a folder and has such a name, sorted; none when there is no folder. */
  list(folder: string, name: RegExp): string[];
  /** Text of a file; undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Bytes that may be written where `path` is or would be. */
  freeBytes(path: string): number;
  /** Who listens on a TCP port of the loopback interface. */
  portOwner(
    port: number,
  ): { readonly pid: number; readonly name: string; readonly store?: string } | undefined;
}
