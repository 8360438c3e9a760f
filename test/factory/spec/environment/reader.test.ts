import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonOf, readEnvironment } from '../../../../factory/spec/environment';
import { readMatchSpec } from '../../../../factory/spec/environment/match-spec';
import { readSpec } from '../../../../factory/spec/read';
import { SPEC, projectOf, refusal } from '../support';

const MAPPED = {
  example: '.kiln/channel',
  team: 'https://conda.example.com/team',
  old: 'https://c.example.com',
};

const read = (
  text: string | Uint8Array,
  files: Readonly<Record<string, string>> = {},
): ReturnType<typeof readEnvironment> =>
  readEnvironment('environment.yml', typeof text === 'string' ? Buffer.from(text) : text, MAPPED, (path) =>
    files[path] === undefined ? undefined : Buffer.from(files[path]),
  );

/** Where, what and the way out of each fault. */
const faults = (text: string | Uint8Array, files?: Readonly<Record<string, string>>): string[] =>
  read(text, files).faults.map(
    (f) => `${f.where.replace('environment.yml', '')} | ${f.what} | ${f.hint ?? ''}`,
  );

const EXPORT = `name: base
channels:
  - conda-forge
  - nodefaults
dependencies:
  - _libgcc_mutex=0.1=conda_forge
  - ca-certificates=2024.2.2=hbcca054_0
  - python=3.11.8=hab00c5b_0_cpython
  - tzdata=2024a=h0c530f3_0
prefix: /home/someone/miniconda3
`;

describe('an environment file that is honoured', () => {
  it('may be what `conda env export` writes', () => {
    const { environment, faults: found } = read(EXPORT);
    expect(found).toEqual([]);
    expect(environment.channels).toEqual(['conda-forge']);
    expect(environment.dependencies.map(({ spec }) => spec)).toEqual([
      '_libgcc_mutex=0.1=conda_forge',
      'ca-certificates=2024.2.2=hbcca054_0',
      'python=3.11.8=hab00c5b_0_cpython',
      'tzdata=2024a=h0c530f3_0',
    ]);
    expect(pythonOf(environment)).toMatchObject({ minor: 11 });
  });

  it.each([
    ['UTF-8 with a byte order mark', (text: string) => Buffer.from(`\u{feff}${text}`)],
    ['UTF-16, as PowerShell redirects', (text: string) => Buffer.from(`\u{feff}${text}`, 'utf16le')],
    ['UTF-16, high byte first', (text: string) => Buffer.from(`\u{feff}${text}`, 'utf16le').swap16()],
    ['Windows line ends', (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))],
  ])('may be %s', (_, encode) => {
    const { environment, faults: found } = read(encode(EXPORT));
    expect(found).toEqual([]);
    expect(environment.dependencies.map(({ name }) => name)).toEqual(
      read(EXPORT).environment.dependencies.map(({ name }) => name),
    );
  });

  it('may be named by a dependency alone, which comes last, and is one channel by any of its addresses', () => {
    const { environment, faults: found } = read(`channels:
  - https://conda.anaconda.org/conda-forge/label/dev/
  - https://conda.example.com/team
  - team
dependencies:
  - example::numpy=2
  - "pandas[version='>=2,<3',channel=old]"
`);
    expect(found).toEqual([]);
    expect(environment.channels).toEqual(['conda-forge/label/dev', 'team', 'example', 'old']);
    expect(environment.dependencies).toMatchObject([
      { name: 'numpy', spec: 'numpy=2', channel: 'example', where: 'environment.yml:6:5: dependencies[0]' },
      { name: 'pandas', spec: "pandas[version='>=2,<3']", channel: 'old', version: '>=2,<3' },
    ]);
  });

  it('may give `defaults` an address of its own', () => {
    const text = Buffer.from('channels: [defaults]\ndependencies: [python]\n');
    const { environment, faults: found } = readEnvironment(
      'e.yml',
      text,
      { defaults: 'https://c.example.com/main' },
      () => undefined,
    );
    expect([found, environment.channels]).toEqual([[], ['defaults']]);
  });
});

describe('a channel that is refused', () => {
  const HERE = 'a channel is called by its name here: where it lies differs between machines';
  it.each([
    ['defaults', '`defaults` means other channels', 'name the channel itself'],
    ['conda-forge/linux-64', 'linux-64 is a part of a channel', 'write conda-forge'],
    ['https://conda.anaconda.org/conda-forge/noarch/', 'noarch is a part', '/conda-forge'],
    ['conda-forge/win-64', 'win-64 is for other machines', 'write conda-forge'],
    ['file:///srv/channels/ours', HERE, 'write ours, and in factory.yaml: conda.channels: {ours: FOLDER}'],
    ['/srv/channels/ours', HERE, 'write ours'],
    ['C:\\channels\\ours', HERE, 'write ours'],
    ['https://else.example.com/x/lab', HERE, 'conda.channels: {lab: https://else.example.com/x/lab}'],
    ['our channel', 'not the name of a channel', 'conda-forge'],
  ])('%s', (channel, what, hint) => {
    const [fault, ...more] = faults(`channels:\n  - conda-forge\n  - '${channel}'\ndependencies: [python]\n`);
    expect(more).toEqual([]);
    expect(fault).toContain(':3:5: channels[1] | ');
    expect(fault).toContain(what);
    expect(fault).toContain(hint);
  });

  it.each([
    'https://conda.anaconda.org/t/s3cret/team',
    'https://someone:s3cret@conda.example.com/team',
    'https://s3cret@conda.example.com/team/linux-64',
    'https://conda.example.com/team?token=s3cret',
    'file://s3cret@host/team',
  ])('%s, without showing its credential', (address) => {
    for (const text of [
      `channels: ['${address}']\ndependencies: [python]\n`,
      `channels: [team]\ndependencies: ['${address}::numpy']\n`,
      `channels: [team]\ndependencies: ['${address}/linux-64/numpy-1-0.conda']\n`,
    ]) {
      const found = faults(text);
      expect(found).toHaveLength(1);
      expect(found.join()).not.toContain('s3cret');
    }
  });
});

describe('a dependency that is refused', () => {
  it.each([
    ["'numpy >>=3'", 'this is not a conda package', 'write it as name'],
    ['numpy=>3', 'this is not a conda package', 'write it as name'],
    ['\'requests; python_version<"3"\'', 'this is not a conda package', '- pip:'],
    ["'-e .'", 'this is not a conda package', '- pip:'],
    ["'numpy[md5=abc]'", '[md5=…] is nothing', 'known here: version'],
    ['3', 'must be a package such as python=3.13', 'write it as name=version'],
    ['{python: 3.13}', 'must be a package such as python=3.13', 'write - python=3.13'],
    [
      'https://conda.anaconda.org/conda-forge/noarch/tqdm-4.66.1-pyhd8ed1ab_0.conda#0123',
      'not by the address of its file',
      'write tqdm=4.66.1=pyhd8ed1ab_0',
    ],
    ['pyspark=4.1', "the image has the Spark that factory.yaml's spark names", 'remove it'],
    ['conda-forge::OpenJDK', 'the image has the Java', 'remove it'],
  ])('%s', (dependency, what, hint) => {
    const [fault, ...more] = faults(
      `channels: [conda-forge]\ndependencies:\n  - python\n  - ${dependency}\n`,
    );
    expect(more).toEqual([]);
    expect(fault).toContain(':4:5: dependencies[1] | ');
    expect(fault).toContain(what);
    expect(fault).toContain(hint);
  });
});

describe('a file that is refused', () => {
  it('says every fault at once, each with its line', () => {
    const text = `channels:
  - defaults
  - 3
dependancies: []
dependencies:
  - numpy >>=3
  - openjdk
  -
variables: {A: b}
channels_: x
`;
    expect(faults(text).map((each) => each.split(' | ').slice(0, 2).join(' | '))).toMatchInlineSnapshot(`
      [
        ":2:5: channels[0] | \`defaults\` means other channels on every machine, and the terms of their owner apply",
        ":3:5: channels[1] | must be the name of a channel",
        ":4:1: dependancies | unknown key",
        ":6:5: dependencies[0] | this is not a conda package",
        ":7:5: dependencies[1] | openjdk has no place in the environment: the image has the Java that Spark is run by (factory.yaml's java); another one would come first on PATH",
        ":8:4: dependencies[2] | must be a package such as python=3.13",
        ":9:1: variables | a node's programs do not activate the environment, so nothing sets these",
        ":10:1: channels_ | unknown key",
      ]
    `);
  });

  it.each([
    ['- python\n', ':1:1 | an environment file is a mapping'],
    ['', ':1:1 | an environment file is a mapping'],
    ['channels: x\ndependencies: [python]\n', ':1:1: channels | must be a list of channels'],
    ['channels: []\ndependencies: [python]\n', ':1:1: channels | is empty'],
    ['channels: [nodefaults]\ndependencies: [python]\n', ':1:1: channels | there is no channel to take'],
    ['dependencies: [python]\n', ':1:1: channels | missing; it must be a list of channels'],
    ['channels: [a]\ndependencies:\n', ':2:1: dependencies | must be a list of packages'],
    ['channels: [a\n', ':2:1 | '],
    ['# conda list\n@EXPLICIT\nhttps://x/y.conda\n', ':2:1 | this is a list of package files'],
    ['name: [x]\nchannels: [a]\ndependencies: [python]\n', ':1:1: name | must be text'],
    ['channels: [a]\ndependencies: [python, *x]\n', ':2:24 | *x is an alias'],
  ])('%j', (text, expected) => {
    const found = faults(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
    expect(found[0]?.split(' | ')[2]).not.toBe('');
  });

  it('goes on behind a key that is there twice', () => {
    const found = faults('channels: [a]\nchannels: [defaults]\ndependencies: [python, pyspark]\n');
    expect(found.map((each) => each.split(' | ')[0])).toEqual([
      ':2:1',
      ':2:12: channels[0]',
      ':3:24: dependencies[1]',
    ]);
  });

  it.each([
    ['half of UTF-16', Buffer.from([0xff, 0xfe, 0x00, 0xd8])],
    ['Latin-1', Buffer.from('name: caf\xe9\n', 'latin1')],
    ['UTF-16 without its mark', Buffer.from('name: x\n', 'utf16le')],
  ])('that is %s', (_, bytes) => {
    expect(faults(bytes)).toEqual([expect.stringMatching(/is not text in .* \| save it as UTF-8$/)]);
  });

  it('is reported together with the faults of factory.yaml', async () => {
    const project = projectOf({
      'factory.yaml': SPEC.replace('image: spark-node', 'image: Spark Node'),
      'environment.yml': 'channels: [defaults]\ndependencies: [pyspark]\n',
    });
    const error = await refusal(() => readSpec(project));
    expect(error.faults.map(({ where }) => where)).toEqual([
      'factory.yaml:1:1: image',
      'environment.yml:1:12: channels[0]',
      'environment.yml:2:16: dependencies[0]',
    ]);
  });
});

describe('a match specification', () => {
  it.each([
    ['numpy', undefined],
    ['numpy=2.3', '=2.3'],
    ['numpy =2.3', '=2.3'],
    ['numpy 2.3 py313*', '2.3'],
    ['numpy==2.3=py313_0', '==2.3'],
    ['numpy >= 2, < 3', '>=2,<3'],
    ['numpy >1 <2', '>1,<2'],
    ['numpy (>=1|<0.5),!=3', '(>=1|<0.5),!=3'],
    ['pytorch=*=*cuda*', '==*'],
    ['tzdata=2024a  # why', '=2024a'],
    ["numpy[version='>=2', build=py313_0]", '>=2'],
  ])('%s asks for %s', (text, version) => {
    expect(readMatchSpec(text)).toMatchObject(version === undefined ? {} : { version });
  });

  it('is read or refused, whatever the text, and never fails', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readMatchSpec(text);
        expect('what' in read || /^[a-z0-9_][\w.-]*$/.test(read.name)).toBe(true);
      }),
    );
  });

  it.each([
    ['python=3.13', 13],
    ['python 3.10.*', 10],
    ['python~=3.11.2', 11],
    ['python=3.9.18=h955ad1f_0', 9],
    ['python', undefined],
    ['python>=3.10,<3.12', undefined],
  ])('%s names minor version %s', (text, minor) => {
    const { environment } = read(`channels: [a]\ndependencies: ['${text}']\n`);
    expect(pythonOf(environment)?.minor).toBe(minor);
  });
});

describe('a pip part', () => {
  const withPip = (...lines: string[]): string =>
    `channels: [a]\ndependencies:\n  - python\n  - pip:\n${lines.map((line) => `    - ${JSON.stringify(line)}\n`).join('')}`;
  const HASH = `sha256:${'a'.repeat(64)}`;

  it('names requirements, files of them and constraints, each with its place', () => {
    const files = {
      'deps/all.txt': `# all\nSix_Library [extra, more] >= 1.0, <2 ; python_version > "3.8"  # why\n-r more.txt\n--constraint=../c.txt\n`,
      'deps/more.txt': `rich==14.0 \\\n    --hash=${HASH} \\\n    --hash=md5:00\n-r all.txt\n`,
      'c.txt': 'numpy<3\npyspark==4.1.4\n',
    };
    const { environment, faults: found } = read(withPip('six', '-r deps/all.txt', '-c c.txt'), files);
    expect(found).toEqual([]);
    expect(environment.pip).toEqual({
      requirements: [
        { name: 'six', text: 'six', hashes: [], where: 'environment.yml:5:7: dependencies[1].pip[0]' },
        {
          name: 'six-library',
          text: 'Six_Library[extra,more]>= 1.0, <2 ; python_version > "3.8"',
          hashes: [],
          where: 'deps/all.txt:2:1',
        },
        { name: 'rich', text: 'rich==14.0', hashes: [HASH], where: 'deps/more.txt:1:1' },
      ],
      constraints: [{ name: 'numpy', text: 'numpy<3', hashes: [], where: 'c.txt:1:1' }],
    });
  });

  it.each([
    ['-e .', 'an editable package lies in a folder', 'code: in factory.yaml'],
    ['--editable=git+https://s3cret@host/x', 'an editable package', 'code:'],
    ['git+https://s3cret@host/x@main', 'from an address, a repository or a folder', 'name a release'],
    ['tool @ https://s3cret@host/tool-1.0-py3-none-any.whl', 'from an address', 'name a release'],
    ['tool @ file:///x.whl', 'from an address', 'name a release'],
    ['./wheels/tool-1.0-py3-none-any.whl', 'from an address', 'name a release'],
    ['tool-1.0.tar.gz', 'from an address', 'name a release'],
    ['--extra-index-url https://s3cret@host/simple', 'one Python index is read', 'KILN_MIRROR_PYPI'],
    ['-i https://s3cret@host/simple', 'one Python index is read', 'KILN_MIRROR_PYPI'],
    ['--find-links=./wheels', 'one Python index is read', 'KILN_MIRROR_PYPI'],
    ['--pre', "pip's option --pre", 'remove it'],
    ['tool --global-option=s3cret', 'an option of a single requirement', 'remove it'],
    ['tool --hash=md5:00', 'none of its hashes is a sha256', '--hash=sha256'],
    ['numpy=1.26', 'this is not a requirement of pip', 'write numpy==1.26'],
    ['numpy 1.26', 'this is not a requirement of pip', 'write it as name'],
    ['numpy>>1', 'this is not a requirement of pip', 'write it as name'],
    ['pyspark==4.1.4', "the image has the Spark that factory.yaml's spark names", 'remove it'],
    ['databricks_connect', 'it brings its own pyspark', 'remove it'],
    ['-r absent.txt', 'there is no absent.txt', 'write it'],
    ['-r ../../outside.txt', 'must lie in the project', 'relative path'],
    ['-r https://s3cret@host/r.txt', 'must lie in the project', 'relative path'],
  ])('with %s is refused', (line, what, hint) => {
    const here = faults(withPip('six', line));
    expect(here).toHaveLength(1);
    expect(here[0]).toContain(':6:7: dependencies[1].pip[1] | ');
    const there = faults(withPip('-r all.txt'), { 'all.txt': `six\n${line}\n` });
    expect(there).toHaveLength(1);
    expect(there[0]).toContain('all.txt:2:1 | ');
    for (const fault of [...here, ...there]) {
      expect(fault).toContain(what);
      expect(fault).toContain(hint);
      expect(fault).not.toContain('s3cret');
    }
  });

  it('reports the faults of every file at once, in the order of the lines', () => {
    const text = withPip('-r one.txt', '-e .', '3=4').replace('channels: [a]', 'channels: [defaults]');
    const found = faults(text, { 'one.txt': '--pre\n-r two.txt\n', 'two.txt': '\n\ngit+ssh://x\n' });
    expect(found.map((each) => each.split(' | ')[0])).toEqual([
      ':1:12: channels[0]',
      ':6:7: dependencies[1].pip[1]',
      ':7:7: dependencies[1].pip[2]',
      'one.txt:1:1',
      'two.txt:3:1',
    ]);
  });

  it.each([
    ['{pip: }', 0],
    ['{pip: six}', 1],
    ['{pip: [3]}', 1],
    ['{pip: [{a: b}]}', 1],
  ])('%s has %d faults', (entry, count) => {
    expect(faults(`channels: [a]\ndependencies: [python, ${entry}]\n`)).toHaveLength(count);
  });

  it('is read or refused, whatever its lines, and never fails', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (lines) => {
        const { environment } = read(withPip('-r x.txt'), { 'x.txt': lines.join('\n') });
        for (const { name, text } of environment.pip.requirements) {
          expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
          expect(text).not.toMatch(/:\/\/|^-/);
        }
      }),
    );
  });
});
