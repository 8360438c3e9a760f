import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { declaredLayers } from '../../factory/recipes';
import { SPARK_LINES } from '../../factory/spec/compatibility';

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

/** What stands in the last column for a thing that is added. */
function existingFiles(what: string): string[] {
  const section = page.split('## What would I touch to add …\n')[1]?.split('\n## ')[0] ?? '';
  const row = section.split('\n').find((line) => line.startsWith(`| ${what} `)) ?? '';
  return (row.split('|')[3] ?? '').split(',').flatMap((file) => (file.trim() === '' ? [] : [file.trim()]));
}

/** Source files that import one whose path matches, and do not match themselves. */
function importersOf(own: RegExp): string[] {
  const isSource = (file: string): boolean => /^(factory|modules|stacks|demo)\/.*\.ts$/.test(file);
  return tracked
    .filter((file) => isSource(file) && !own.test(file) && existsSync(join(home, file)))
    .filter((file) => {
      const text = readFileSync(join(home, file), 'utf8');
      const targets = [...text.matchAll(/(?:from|import\()\s*'(\.[^']*)'/g)].map(([, target = '']) => target);
      return targets.some((target) =>
        own.test(`${posix.join(posix.dirname(file), target.replace(/\.js$/, ''))}.ts`),
      );
    })
    .sort();
}

describe("docs/architecture.md's table of what is touched to add something", () => {
  const section = page.split('## What would I touch to add …\n')[1]?.split('\n## ')[0] ?? '';
  const things = [...section.matchAll(/^\| (an? [\w ]+?) +\|/gm)].map(([, thing = '']) => thing);

  it('has a platform, a layer, a gate and a Spark line', () => {
    expect(things).toEqual(expect.arrayContaining(['a platform', 'a layer', 'a gate', 'a Spark line']));
  });

  it('names at most four existing files for each, all of which are there', () => {
    for (const thing of things) {
      const files = existingFiles(thing);
      expect([thing, files.length >= 1 && files.length <= 4]).toEqual([thing, true]);
      expect([thing, files.filter((file) => !existsSync(join(home, file)))]).toEqual([thing, []]);
    }
  });

  it('a platform is known by its own files to those of its row, and to the reader of the stacks', () => {
    const known = importersOf(/^factory\/(publish\/aws\/|contracts\/publications\/aws\.ts$)/);
    expect(known).toEqual([...existingFiles('a platform'), 'factory/registry/published.ts'].sort());
  });

  it('a gate is known by its own file to the index alone, and by its kind to the contract', () => {
    const gates = tracked.flatMap(
      (file) => /^factory\/registry\/gates\/(?!index|gate)(\w+)\.ts$/.exec(file)?.[1] ?? [],
    );
    expect(gates.length).toBeGreaterThan(3);
    const files = existingFiles('a gate');
    const spec = readFileSync(join(home, 'factory/contracts/spec.ts'), 'utf8');
    const guide = readFileSync(join(home, 'docs/registry.md'), 'utf8');
    for (const gate of gates) {
      const importers = importersOf(new RegExp(`^factory/registry/gates/${gate}\\.ts$`));
      expect([gate, importers]).toEqual([gate, ['factory/registry/gates/index.ts']]);
      expect(spec).toContain(`z.literal('${gate}')`);
      expect(guide).toContain(`kind: ${gate} #`);
    }
    expect(files).toEqual(expect.arrayContaining(['factory/contracts/spec.ts', 'docs/registry.md']));
  });

  it('a Spark line is named by its table, and by no other source of the factory, the stacks or the recipes', () => {
    const lines = SPARK_LINES.map(({ line }) => line.replace('.', '\\.')).join('|');
    // An attribute of SVG is no line. A behaviour that began with one (X_FROM = "3.1") holds for those that come.
    const names = new RegExp(`(?<!=|_FROM = )(['"\`])(${lines})(\\.\\d+)?\\1`);
    const naming = tracked.filter(
      (file) =>
        /^(factory|modules|stacks|images)\/.*(\.(ts|json|ya?ml|py)|\/build)$/.test(file) &&
        existsSync(join(home, file)) &&
        names.test(readFileSync(join(home, file), 'utf8')),
    );
    const others = naming.filter((file) => !existingFiles('a Spark line').includes(file));
    expect(naming).toContain('factory/spec/compatibility.ts');
    expect(others).toEqual([]);
  });

  it('a layer is a folder with a declaration and a recipe, and the glossary names it', () => {
    const glossary = readFileSync(join(home, 'docs/glossary.md'), 'utf8');
    const names = declaredLayers(home).map(({ name }) => name);
    expect(glossary).toContain(`(${names.join(', ')})`);
    for (const name of names)
      for (const file of ['layer.yaml', 'build'])
        expect(existsSync(join(home, 'images/layers', name, file)), `${name}/${file}`).toBe(true);
  });
});
