import type { Shell } from './shell';

/** What the steps hand on. */
export interface Context {
  readonly shell: Shell;
  /** The checkout: tools/, main.ts. */
  readonly home: string;
  /** Folder of the demo's own files: log, input, output, a refreshed copy of the project. */
  readonly folder: string;
  readonly cache: string;
  /** The project whose lock is used: the checkout, or a copy with a refreshed lock. */
  project: string;
  /** Digest of the image, once it is baked. */
  image: string;
  /** Remarks for the end: what was done differently and why. */
  readonly remarks: string[];
  /** What the job printed for people, and the table of what it was compared with. */
  report: string;
  proof: string;
}

/** The bucket of `kiln store up`. */
export const BUCKET = 'flights';
export const STACK = 'local';
