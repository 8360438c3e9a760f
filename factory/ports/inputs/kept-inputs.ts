/** Where a team keeps its locks' inputs for years, by sha256: in the registry's folder or in a bucket. */
export interface KeptInputs {
  /** For messages. */
  readonly where: string;
  /** Whether reading it needs a network: `--offline` leaves such a one out. */
  readonly remote: boolean;
  /** Bytes of that one; undefined where it is not kept. */
  size(sha256: string): Promise<number | undefined>;
  /** sha256 -> bytes of all that is kept. */
  list(): Promise<ReadonlyMap<string, number>>;
  /** Its bytes, unjudged: who reads them compares the sha256. */
  open(sha256: string): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Keeps a file; it is there whole or not at all.
   * @throws KilnError `wrong-content` when the file is not that sha256.
   */
  put(sha256: string, file: string): Promise<void>;
  /** Removing what is not there is no error. */
  remove(sha256: string): Promise<void>;
}

/** `ab/abcd…` below `inputs/`, in a folder and in a bucket alike. */
export const INPUTS = 'inputs';
