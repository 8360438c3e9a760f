import { join, relative } from 'node:path';
import { placeSource } from '../../code/place';
import { codeSource, notesOf } from '../../code/source';
import { pathsDigest, textDigest } from '../tree-digest';
import type { Given } from './given';

/**
 * The code package as its build backend gets it. KILN_SOURCE: its tree; KILN_CODE: the package's folder in that, empty
 * where they are one; KILN_HISTORY: whether the tree is a repository.
 *
 * Where in a checkout it lies does not count: a build whose result depends on its path is refused.
 */
export const codePackage: Given = {
  async digests({ project, code, exec }) {
    const { top, folder, paths, absent, history } = await codeSource(project, code, exec);
    const own = paths.map((path) => relative(folder, path));
    const digest = await pathsDigest(join(top, folder), own);
    return { [code]: textDigest(JSON.stringify([digest, absent, history ?? null])) };
  },
  async place({ project, code, exec }, { work }) {
    const source = await codeSource(project, code, exec);
    const tree = join(work, 'source');
    await placeSource(source, tree, exec);
    return {
      environment: {
        KILN_SOURCE: tree,
        KILN_CODE: source.folder,
        KILN_HISTORY: source.history === undefined ? '' : '1',
      },
      visible: [tree],
      notes: notesOf(source),
    };
  },
};
