import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileSha256 } from '../tree-digest';
import type { Given } from './given';

/** Folders that a Python interpreter's programs and libraries lie in: those of each link on the way to it. */
function interpreterFolders(python: string): string[] {
  const folders: string[] = [];
  let path = python;
  while (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    path = resolve(dirname(path), readlinkSync(path));
    folders.push(dirname(dirname(path)));
  }
  return folders.filter((folder) => folder !== '/');
}

/**
 * kiln's own Python: the libraries that unpack packages and write their records. Other versions may write other bytes.
 * KILN_PYTHON is the interpreter.
 */
export const python: Given = {
  async digests({ project }) {
    const file = join('tools', 'python', 'requirements.txt');
    return { [file]: await fileSha256(join(project.home, file)) };
  },
  place({ project }) {
    const environment = join(project.home, '.venv');
    const interpreter = join(environment, 'bin', 'python');
    return Promise.resolve({
      environment: { KILN_PYTHON: interpreter },
      visible: [environment, ...interpreterFolders(interpreter)],
    });
  },
};
