import type { Telling } from '../registry/image-files';
import { note } from './output';
import { progressLine } from './progress-line';

/** How far long work on the registry is, on standard error; nothing of what is done in a moment. */
export function registryProgress(verb: string): Telling {
  const line = progressLine(process.stderr, verb);
  return {
    onProgress: (progress) => {
      line.show(progress);
      if (progress.done === progress.total) line.end();
    },
    onWait: (what) => {
      note(`waiting: ${what}`);
    },
  };
}
