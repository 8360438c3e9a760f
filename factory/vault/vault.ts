import type { Input } from '../contracts/lock';
import type { FetchProgress } from '../progress';
import type { Judged } from './inspect/judged';

export interface EnsureOptions {
  /** Downloads at a time; default 6. */
  readonly parallel?: number;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called for every input that its mirror did not serve: where it came from instead. */
  readonly onFallback?: (input: Input, from: string) => void;
  /** Called once when another kiln is downloading and this one waits for it, with what that one says it does. */
  readonly onWait?: (holder: string) => void;
}

/** Every download by its sha256; nothing enters that was not verified. */
export interface Vault {
  /** Where the file of that sha256 is, or would be. Read-only; hard-link or copy it under its own name. */
  path(sha256: string): string;
  /** The inputs that are not here (by name and size; `ensure` also compares their sha256). */
  missing(inputs: readonly Input[]): Input[];
  /**
   * Asks mirrors, the registry's store and archives, many at once, for what is missing here; nothing is downloaded.
   * @throws KilnError `pins-gone` (exit 1) that lists the inputs that none of them has any more.
   * @throws KilnError `offline` when something is missing and the vault was opened offline.
   */
  findGone(inputs: readonly Input[]): Promise<void>;
  /**
   * All inputs are here, and their sha256 right, when it returns. Never downloads twice what is
   * here; several processes may do it at once.
   * @throws KilnError `wrong-content` (size or sha256 differs: nothing of it is left), `pins-gone`,
   * `unreachable`, `offline`, `no-space`, `no-channel`.
   */
  ensure(inputs: readonly Input[], options?: EnsureOptions): Promise<void>;
  /** Which archives were looked through and found safe. */
  readonly judged: Judged;
  /** Hard-links (else copies) the inputs into a folder under their own file names (see fileName). */
  place(inputs: readonly Input[], folder: string): Promise<void>;
  /** Stops the loopback servers of local channels. Safe to call twice. */
  close(): Promise<void>;
}
