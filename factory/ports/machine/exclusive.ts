/**
 * One at a time, across processes: the lock ends with the process that has it, however that ends.
 * @param file the lock; made, and removed at the end. Its folder is made too.
 * @param onWait called once when another process has it, with what that one wrote.
 */
export type Exclusively = <T>(
  file: string,
  purpose: string,
  work: () => Promise<T>,
  onWait?: (holder: string) => void,
) => Promise<T>;

/** The same without waiting: what another process that has it wrote, where one has. */
export type TryExclusively = <T>(
  file: string,
  purpose: string,
  work: () => Promise<T>,
) => Promise<{ readonly done: T } | { readonly holder: string }>;
