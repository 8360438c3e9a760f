import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planLayers } from '../../../factory/layers/plan';
import { declaredLayers, requireLayer, usesOf } from '../../../factory/recipes';
import { lockOf } from '../lock/support';
import { deb, nightlyProject } from '../nightly/support';
import { projectOf, refusal } from '../spec/support';

const home = resolve(__dirname, '../../..');

describe('the layers of this kiln', () => {
  it('are in the order from the rarest changed to the most often changed', () => {
    expect(declaredLayers(home).map(({ name }) => name)).toEqual([
      'os',
      'runtime',
      'spark',
      'hadoop',
      'conda',
      'jars',
      'node',
      'code',
    ]);
  });

  it('come into the image, but for what only recipes run upon', () => {
    const layers = declaredLayers(home).filter(({ inImage }) => !inImage);
    expect(layers.map(({ name }) => name)).toEqual(['runtime']);
  });

  it('see a part of the base at most, and spark and hadoop see nothing', () => {
    const sees = declaredLayers(home).map((layer) => [
      layer.name,
      layer.sees.map(({ layer: name, only }) => `${name}${only === undefined ? '' : ' in part'}`).join(', '),
    ]);
    expect(Object.fromEntries(sees)).toEqual({
      os: '',
      runtime: '',
      spark: '',
      hadoop: '',
      conda: 'runtime in part',
      jars: 'runtime, spark in part, hadoop in part',
      node: 'os in part',
      code: 'os in part, conda',
    });
  });
});

describe('a layer.yaml', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'that is not as it must be: every fault of every file at once',
      {
        'images/layers/a/layer.yaml': 'about: a\norder: first\nsee: []\n',
        'images/layers/b/layer.yaml': 'about: b\norder: 2\nsources: [/etc, ../secret]\n',
      },
      [
        'images/layers/a/layer.yaml:2:1: order',
        'images/layers/a/layer.yaml:3:1: see',
        'images/layers/b/layer.yaml:3:11: sources[0]',
        'images/layers/b/layer.yaml:3:17: sources[1]',
      ],
    ],
    [
      'with the order of another',
      { 'images/layers/b/layer.yaml': 'about: b\norder: 10\n' },
      ['images/layers/os/layer.yaml:2:1: order'],
    ],
    [
      'that sees a layer that there is not, itself, or one above it',
      {
        'images/layers/b/layer.yaml':
          'about: b\norder: 20\nsees:\n  - layer: oss\n  - layer: b\n  - layer: code\n',
      },
      [
        'images/layers/b/layer.yaml:4:5: sees[0].layer',
        'images/layers/b/layer.yaml:5:5: sees[1].layer',
        'images/layers/b/layer.yaml:6:5: sees[2].layer',
      ],
    ],
    [
      'that has inputs by what is no name of a package',
      {
        'images/layers/c/layer.yaml':
          'about: c\norder: 21\ninputsOf:\n  - { layer: os, packages: [../libc6] }\n',
      },
      ['images/layers/c/layer.yaml:4:29: inputsOf[0].packages[0]'],
    ],
    [
      'that has inputs of a layer that there is not, or its own',
      {
        'images/layers/b/layer.yaml':
          'about: b\norder: 20\ninputsOf:\n  - { layer: oss, packages: [libc6] }\n  - { layer: b, packages: [libc6] }\n',
      },
      [
        'images/layers/b/layer.yaml:4:7: inputsOf[0].layer',
        'images/layers/b/layer.yaml:5:7: inputsOf[1].layer',
      ],
    ],
    [
      'that sees a layer twice',
      {
        'images/layers/b/layer.yaml':
          'about: b\norder: 20\nsees: [{ layer: os }, { layer: os, only: [usr] }]\n',
      },
      ['images/layers/b/layer.yaml:3:25: sees[1].layer'],
    ],
    [
      'with a source that is not there',
      { 'images/layers/b/layer.yaml': 'about: b\norder: 20\nsources: [images/nowhere]\n' },
      ['images/layers/b/layer.yaml:3:11: sources[0]'],
    ],
    [
      'whose list of packages is missing, or is not declared',
      {
        'images/layers/a/layer.yaml': 'about: a\norder: 20\npackages: alone\n',
        'images/layers/b/layer.yaml': 'about: b\norder: 30\n',
        'images/layers/b/packages': 'gcc\n',
      },
      ['images/layers/a/layer.yaml:3:1: packages', 'images/layers/b/layer.yaml:1:1: packages'],
    ],
    [
      'of a base that is not in the image',
      { 'images/layers/a/layer.yaml': 'about: a\norder: 1\ninImage: false\n' },
      ['images/layers'],
    ],
  ])('%s', async (_, files, places) => {
    const { code, faults } = await refusal(() => declaredLayers(projectOf(files).home));
    expect(code).toBe('layer-invalid');
    expect(faults.map(({ where }) => where).sort()).toEqual(places);
    expect(faults.every(({ what }) => what.length > 0)).toBe(true);
  });
});

describe('a new layer', () => {
  const compiler = {
    'images/layers/compiler/layer.yaml':
      'about: a compiler\norder: 55\ninImage: false\npackages: with-dependencies\nthreads: 2\n',
    'images/layers/compiler/packages': 'gcc\n',
    'images/layers/compiler/build': '#!/bin/sh\n',
    'images/layers/native/layer.yaml': [
      ...['about: what the compiler makes', 'order: 56', 'sees:', '  - layer: os'],
      ...['  - layer: compiler', '    only: [usr/bin/gcc]', 'lock: [choices.spark]', ''],
    ].join('\n'),
    'images/layers/native/build': '#!/bin/sh\n',
  };

  it('is one folder: it is planned, has a key, inputs and a place, and no other layer changes', async () => {
    const lock = lockOf([deb('gcc', '1', { use: 'compiler' })]);
    const planned = await planLayers(nightlyProject(undefined, compiler), lock, 'jobs');
    const names = planned.map(({ name }) => name);
    expect(names.slice(-4)).toEqual(['compiler', 'native', 'node', 'code']);
    const [tool, native] = planned.filter(({ name }) => ['compiler', 'native'].includes(name));
    expect(tool?.inputs.map(({ name }) => name)).toEqual(['gcc']);
    expect(tool?.declared).toMatchObject({ inImage: false, threads: 2 });
    expect(native?.parts.sees).toEqual({ os: '', compiler: '' });
    const before = await planLayers(nightlyProject(), lockOf([]), 'jobs');
    for (const { name, own } of before)
      expect(planned.find((each) => each.name === name)?.own, name).toBe(own);
  });

  it('is known to commands by its name', () => {
    const project = nightlyProject(undefined, compiler);
    expect(usesOf(project.home)).toContain('compiler');
    expect(() => {
      requireLayer(project.home, 'native');
    }).not.toThrow();
    expect(() => {
      requireLayer(project.home, 'nature');
    }).toThrow('there is no layer nature');
  });

  it('needs no line in the template, the sandbox, or the code that plans, builds and puts together', () => {
    // These two words stand for other things as well: an error's code, a source of packages.
    const names = declaredLayers(home)
      .map(({ name }) => name)
      .filter((name) => !['code', 'conda'].includes(name));
    const sources = ['layers', 'bake', 'disk', 'recipes', 'reproduce'].flatMap((folder) =>
      readdirSync(join(home, 'factory', folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join('factory', folder, file)),
    );
    expect(sources.length).toBeGreaterThan(50);
    const naming = [...sources, 'images/spark-node.pkr.hcl', 'images/sandbox'].flatMap((file) => {
      const text = readFileSync(join(home, file), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/.*|^\s*#.*/gms, '');
      return names
        .filter((name) => new RegExp(`['"]${name}['"]|layer ${name}\\b`).test(text))
        .map((name) => `${file}: ${name}`);
    });
    expect(naming).toEqual([]);
  });
});
