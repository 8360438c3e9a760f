import { posix } from 'node:path';
import type { Input } from '../contracts/lock';

/** An input's own file name, as its registry has it: what layers' recipes find in KILN_INPUTS. */
export function fileName(input: Input): string {
  switch (input.source) {
    case 'debian':
    case 'maven':
      return posix.basename(input.path);
    case 'pypi':
    case 'conda':
      return input.file;
  }
}
