import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KilnError } from '../../factory/errors';
import { CodeBench, type Built } from './code/bench';
import { CASES, REFUSED, type Case } from './code/projects';
import { Checkout } from './code/checkout';
import { bakedImage } from './image';

const image = bakedImage();
const all = process.env['KILN_TEST_ALL'] === '1';

const PACKAGES = 'opt/conda-env/lib/python3.13/site-packages';

/** Files of the wheel that a node's Python would not find as they are in the wheel. */
const misplaced = ({ contents, tree }: Built): string[] =>
  Object.entries(contents)
    .filter(([name]) => !name.includes('.data/'))
    .filter(([name, [sha256]]) => {
      const file = join(tree, PACKAGES, name);
      return !existsSync(file) || createHash('sha256').update(readFileSync(file)).digest('hex') !== sha256;
    })
    .map(([name]) => name);

describe.skipIf(typeof image === 'string')('the code layer (needs root)', () => {
  let bench: CodeBench;
  beforeAll(async () => {
    if (typeof image === 'string') return;
    bench = new CodeBench(image.record);
    await bench.open();
  });
  afterAll(() => {
    bench.remove();
  });

  const folder = ({ name }: Case): string =>
    `${String(CASES.findIndex((each) => each.name === name))}-project`;

  it.each(CASES.filter(({ long }) => all || long === undefined))(
    'has what pip makes of it: $name',
    async (each) => {
      const checkout = each.checkout(bench.folder, folder(each));
      const [made, expected] = await Promise.all([
        bench.build(checkout, each.wheels),
        bench.pipWheel(checkout, each.wheels),
      ]);
      expect(made.contents).toEqual(expected.contents);
      expect(made.wheel).toBe(expected.wheel);
      expect(made.wheel).toContain(`etl-${each.version}`);
      const names = Object.keys(made.contents);
      expect(each.has.filter((name) => !names.includes(name))).toEqual([]);
      expect(names.filter((name) => (each.lacks ?? []).some((part) => name.includes(part)))).toEqual([]);
      expect(misplaced(made)).toEqual([]);
    },
  );

  it('places scripts and notebooks as they are, where every Python of the environment finds them', async () => {
    const checkout = new Checkout('scripts', bench.folder)
      .write({
        'etl/daily.py': 'import helpers.dates\n# git is mentioned: nothing is built, so nothing asks it\n',
        'helpers/__init__.py': '',
        'helpers/dates.py': 'FIRST = 2013\n',
        'reports/flights.ipynb': '{"cells": []}\n',
        'sql/top.sql': 'SELECT 1\n',
        '.gitignore': 'secret.json\n',
        'secret.json': '{}\n',
      })
      .commit();
    const tree = await bench.place(checkout);
    const files = readdirSync(join(tree, 'opt/code'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
      .sort();
    expect(files).toEqual([
      'opt/code/.gitignore',
      'opt/code/etl/daily.py',
      'opt/code/helpers/__init__.py',
      'opt/code/helpers/dates.py',
      'opt/code/reports/flights.ipynb',
      'opt/code/sql/top.sql',
    ]);
    // As the node has it, with the environment below.
    expect(await bench.python(tree, 'import helpers.dates; print(helpers.dates.__file__)')).toBe(
      '/opt/code/helpers/dates.py',
    );
  });

  it.each(REFUSED)('refuses $name', async ({ name, wheels, files, says }) => {
    const checkout = new Checkout(name.replaceAll(/\W+/g, '-'), bench.folder).write(files).commit();
    const error = await bench.build(checkout, wheels).then(
      () => new Error('it was built'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KilnError);
    for (const each of says) expect(String(error)).toContain(each);
  });
});
