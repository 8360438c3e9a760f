import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Spec } from '../../../factory/contracts/spec';
import { nearest } from '../../../factory/spec/nearest';
import { readSpec } from '../../../factory/spec/read';
import { YamlFile } from '../../../factory/spec/yaml-file';
import { ENVIRONMENT, SPEC, projectOf, refusal } from './support';

describe('factory.yaml without a fault', () => {
  it('is read with its environment file and what follows from both', () => {
    const { spec, environment, resolution } = readSpec(projectOf());
    expect(spec.registry).toBe('.kiln/registry');
    expect(environment.channels).toEqual(['example']);
    expect(resolution.choices.python.value).toBe('3.13');
  });
});

describe('faults', () => {
  it('are reported all at once, each with its place and a way out', async () => {
    const text = `image: Spark Node
sparc: 4.1.4
conda:
  enviroment: environment.yml
code: ../jobs
maven: [nonsense]
jars: [more]
channels:
  candidate: {gates: [{kind: blessed}]}
`;
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': text })));
    expect(error).toMatchObject({ code: 'spec-invalid', exitCode: 2 });
    expect(error.faults.map((f) => `${f.where} | ${f.what} | ${f.hint ?? ''}`)).toMatchInlineSnapshot(`
      [
        "factory.yaml:1:1: image | must be 1 to 40 of a-z, 0-9 and -, starting with a letter, not ending with - | ",
        "factory.yaml:1:1: spark | missing; it must be text | add it",
        "factory.yaml:2:1: sparc | unknown key | did you mean spark?",
        "factory.yaml:3:1: conda.environment | missing; it must be text | add it",
        "factory.yaml:4:3: conda.enviroment | unknown key | did you mean environment?",
        "factory.yaml:5:1: code | must be a path inside the project, relative to factory.yaml | ",
        "factory.yaml:6:9: maven[0].jar | must be group:artifact:version or group:artifact:version:classifier | ",
        "factory.yaml:7:1: jars | must be slim or full; further Maven jars stand under maven | ",
        "factory.yaml:9:24: channels.candidate.gates[0].kind | must be kind: verified, reproduced, supported, hours or command | ",
      ]
    `);
  });

  it('of an end of life that is accepted without a day or a reason are named', async () => {
    const text = `${SPEC}endOfLife: { until: soon, because: '' }\n`;
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': text })));
    expect(error.faults.map((f) => `${f.where} | ${f.what}`)).toEqual([
      'factory.yaml:10:14: endOfLife.until | must be a day, such as 2027-06-30',
      'factory.yaml:10:27: endOfLife.because | must say why',
    ]);
  });

  it.each([
    ['a tab', 'image: a\n\tspark: 1\n', 'factory.yaml:2:1'],
    ['a key twice', `${SPEC}image: again\n`, 'factory.yaml:10:1'],
  ])('of YAML itself name the line: %s', async (_, text, where) => {
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': text })));
    expect(error.faults[0]?.where).toBe(where);
  });

  it('of files that are not there, of the environment and of the choices come together', async () => {
    const error = await refusal(() =>
      readSpec(
        projectOf({
          'factory.yaml': SPEC.replace('code: jobs', 'code: job').replace(
            'spark: 4.1.4',
            'spark: 4.1.4\njava: 8',
          ),
          'environment.yml': ENVIRONMENT.replace('dependencies', 'dependancies'),
        }),
      ),
    );
    expect(error.faults.map((f) => f.where)).toEqual([
      'factory.yaml:8:1: code',
      'factory.yaml:3:1: java',
      'environment.yml:1:1: dependencies',
      'environment.yml:2:1: dependancies',
    ]);
  });

  it.each([
    [{ 'scripts/etl/daily.py': '' }, undefined],
    [{ 'scripts/flights.ipynb': '' }, undefined],
    [{ 'scripts/setup.py': '' }, undefined],
    [{ 'scripts/README.md': '', 'scripts/.venv/lib/x.py': '' }, 'scripts has none of pyproject.toml'],
    [{ scripts: '' }, 'scripts is a file, not a folder'],
    [{}, 'there is no scripts'],
  ])('of code, where it names %j', async (files, what) => {
    const project = projectOf({ 'factory.yaml': SPEC.replace('code: jobs', 'code: scripts'), ...files });
    if (what === undefined) {
      expect(readSpec(project).spec.code).toBe('scripts');
      return;
    }
    const error = await refusal(() => readSpec(project));
    expect(error.faults).toMatchObject([
      { where: 'factory.yaml:7:1: code', what: expect.stringContaining(what) as string },
    ]);
  });

  it('say to quote a number that should be text', async () => {
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': `${SPEC}debs: [1]\n` })));
    expect(error.faults).toMatchObject([
      { where: 'factory.yaml:10:8: debs[0]', hint: 'put it in quotes: "1"' },
    ]);
  });

  it.each([
    ['3.5', '3.5 is a line of Spark, not an exact release', /^spark: 3\.5\.\d+ is its newest that was run$/],
    ['4.1', '4.1 is a line of Spark, not an exact release', /^spark: 4\.1\.4 /],
    ['4.10', '"4.10" is not an exact release of Spark', /^did you mean 4\.1\.4\?/],
    ['4.1.x', '"4.1.x" is not an exact release of Spark', /^did you mean 4\.1\.4\?/],
    ['4', '"4" is not an exact release of Spark', /^did you mean 4\.\d\.\d+\?/],
    ['latest', '"latest" is not an exact release of Spark', /^did you mean \d\.\d\.\d+\?/],
    ['9.9.9', 'Spark 9.9.9 is not in the compatibility table', /^did you mean \d\.\d\.\d+\?/],
    ['"3.5"', '3.5 is a line of Spark, not an exact release', /^spark: 3\.5\./],
  ])('spark: %s is one fault that names a release', async (text, what, hint) => {
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': SPEC.replace('4.1.4', text) })));
    expect(error.faults).toMatchObject([
      { where: 'factory.yaml:2:1: spark', what, hint: expect.stringMatching(hint) as string },
    ]);
  });

  it.each([
    'htop+',
    'htop-',
    'htop=1.0',
    'htop/sid',
    'htop:i386',
    'htop*',
    'task^',
    '?name(htop)',
    'htop_1',
    '-y',
    'a b',
  ])('debs: %s is no name alone', async (deb) => {
    const error = await refusal(() =>
      readSpec(projectOf({ 'factory.yaml': `${SPEC}debs: [g++, ${JSON.stringify(deb)}]\n` })),
    );
    expect(error.faults).toMatchObject([
      {
        where: 'factory.yaml:10:13: debs[1]',
        what: expect.stringContaining("without apt's operators") as string,
      },
    ]);
  });

  it.each([
    ['[1]', 'maven[0]', 'must be group:artifact:version or group:artifact:version:classifier, or a mapping'],
    ["['org.example:udf:1-SNAPSHOT']", 'maven[0].jar', 'must be a release'],
    ["['org.example:udf:LATEST']", 'maven[0].jar', 'must be a release'],
    ["['org.example:udf:[1,2)']", 'maven[0].jar', 'must be group:artifact:version'],
    ["[{jar: 'a:b:1', excludes: []}]", 'maven[0].excludes', 'unknown key'],
    ["[{jar: 'a:b:1', exclude: [b]}]", 'maven[0].exclude[0]', 'must be group:artifact; either may be *'],
    ["[{jar: 'a:b:1', force: ''}]", 'maven[0].force', 'must say why'],
  ])('maven: %s', async (value, where, what) => {
    const error = await refusal(() => readSpec(projectOf({ 'factory.yaml': `${SPEC}maven: ${value}\n` })));
    expect(error.faults).toMatchObject([
      {
        where: expect.stringMatching(
          `^factory\\.yaml:10:\\d+: ${where.replaceAll(/[[\].]/g, '\\$&')}$`,
        ) as string,
        what: expect.stringContaining(what) as string,
      },
    ]);
  });

  it.each([
    ['https://conda.example.com/t/s3cret/team', 1],
    ['https://me:s3cret@conda.example.com/team', 1],
    ['https://s3cret@conda.example.com/team', 1],
    ['https://s3cret:${PASS}x@conda.example.com/team', 1],
    ['https://conda.example.com/team?token=s3cret', 1],
    ['https://conda.example.com/t/${TOKEN}/team', 0],
    ['https://${NAME}:${PASS}@conda.example.com/team', 0],
    ['https://me:${PASS}@conda.example.com/team', 0],
    ['https://${TOKEN}@conda.example.com/team', 0],
    ['file:///srv/channel', 0],
    ['.kiln/channel', 0],
  ])("of a channel's address %s: %d, and none shows a credential", async (address, count) => {
    const text = SPEC.replace('example: channel', `example: ${address}`);
    const project = projectOf({ 'factory.yaml': text });
    if (count === 0) {
      expect(readSpec(project).spec.conda.channels['example']).toBe(address);
      return;
    }
    const error = await refusal(() => readSpec(project));
    expect(error.faults.map(({ where }) => where)).toEqual(['factory.yaml:6:5: conda.channels.example']);
    expect(error.faults[0]?.what).toContain('${VARIABLE}');
    expect(JSON.stringify(error.faults)).not.toContain('s3cret');
  });

  it('name every unknown key, however many there are', () => {
    const word = fc.stringMatching(/^x[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 6 }), (keys) => {
        const file = new YamlFile('factory.yaml', SPEC + keys.map((k) => `${k}: 1\n`).join(''));
        expect(file.parse(Spec)).toBeUndefined();
        expect(file.faults.map((f) => f.where)).toEqual(
          keys.map((k, i) => `factory.yaml:${String(10 + i)}:1: ${k}`),
        );
      }),
    );
  });
});

describe('the nearest word', () => {
  it.each([
    ['sparc', 'spark'],
    ['enviroment', 'environment'],
    ['chanels', 'channels'],
    ['zzzzzz', undefined],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, ['spark', 'environment', 'channels', 'java'])).toBe(expected);
  });
});
