import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const home = resolve(__dirname, '../..');
const page = readFileSync(join(home, 'docs/architecture.md'), 'utf8');

/** The rows of a section's table of two columns: what stands in the first. */
function firstCells(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| ([\w-]+)\/ +\|/gm)].map(([, name = '']) => name);
}

/** Rows of the tour: the folders that a row names, and the file to begin with. */
const rows = page
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 5 && /^[\w./-]+\/(,|$)/.test(cells[1] ?? ''))
  .map(([, folders = '', , begin = '']) => ({ folders: folders.split(', '), begin }));

const tracked = execFileSync('git', ['ls-files'], { cwd: home, encoding: 'utf8' }).split('\n');
/** Folders at the top, and the stages of the factory, whose names begin with no dot. */
const folders = [
  ...new Set(
    tracked.flatMap((file) => {
      const [top = '', second = '', third] = file.split('/');
      if (second === '' || top.startsWith('.')) return [];
      return top === 'factory' && third !== undefined ? [`factory/${second}/`] : [`${top}/`];
    }),
  ),
].filter((folder) => folder !== 'factory/');

describe("docs/architecture.md's tour", () => {
  it('names every folder of the project', () => {
    expect(folders.length).toBeGreaterThan(20);
    const named = new Set(rows.flatMap((row) => row.folders));
    expect(folders.filter((folder) => !named.has(folder))).toEqual([]);
  });

  it('names no folder, and no file to begin with, that does not exist', () => {
    const missing = rows.flatMap(({ folders: [first = '', ...others], begin }) => [
      ...[first, ...others].filter((path) => !existsSync(join(home, path))),
      ...(begin === '' || existsSync(join(home, first, begin)) || existsSync(join(home, begin))
        ? []
        : [begin]),
    ]);
    expect(missing).toEqual([]);
  });
});

describe("docs/architecture.md's table of the node's program", () => {
  it('names every folder of it, and no other', () => {
    const program = 'images/rootfs/usr/lib/kiln/kiln_node/';
    const found = tracked.flatMap((file) => {
      const [name = '', inside] = file.startsWith(program) ? file.slice(program.length).split('/') : [];
      return inside === undefined ? [] : [name];
    });
    expect(firstCells("The node's program").sort()).toEqual([...new Set(found)].sort());
  });
});
