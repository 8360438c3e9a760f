import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CondaInput } from '../../../factory/contracts/lock';
import { resolvePip } from '../../../factory/lock/conda/pip';
import { hostHttp } from '../../../factory/ports/inputs/http-host';
import { PythonIndex } from '../../../factory/ports/inputs/python-index';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { readEnvironment } from '../../../factory/spec/environment';
import { sdistOf, servePythonIndex, wheelOf } from '../../python-index';
import { refusal } from '../spec/support';

const home = resolve(__dirname, '..', '..', '..');

/** Conda packages of Python distributions; one of another name than what it brings. */
const PACKAGES = `
import sys
from pathlib import Path
from conda_channel.package import File, write
for package, name, more in (
    ("numpy-base", "numpy", ""),
    ("pandas", "pandas", 'Provides-Extra: excel\\nRequires-Dist: openpyxl>=3; extra == "excel"\\n'),
):
    text = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 2.3.1\\nRequires-Dist: six\\n{more}"
    path = f"lib/python3.13/site-packages/{name}-2.3.1.dist-info/METADATA"
    index = {"name": package, "version": "2.3.1", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}
    write(Path(sys.argv[1]), index, [File(path, text.encode())])
`;

const WHEELS = [
  wheelOf('six', '1.17.0'),
  wheelOf('openpyxl', '3.1.5'),
  wheelOf('numpy', '2.9.0'),
  wheelOf('numpy', '1.0'),
  wheelOf('tool', '1.0', ['numpy>=2', 'Six', 'old-thing; python_version < "3.10"']),
  wheelOf('tool', '2.0', ['numpy>=2', 'six', 'extra-thing; extra == "more"']),
  wheelOf('extra-thing', '1.0'),
  wheelOf('needs-old-numpy', '1.0', ['numpy<2']),
  wheelOf('delta', '4.1.0', ['pyspark>=4.1,<4.2', 'py4j']),
  wheelOf('delta', '4.0.0', ['pyspark>=4.0,<4.1']),
  wheelOf('py4j', '0.10.9.9'),
  sdistOf('only-source', '1.0'),
];

describe('the pip part of an environment, resolved by uv beside conda packages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  let index: Awaited<ReturnType<typeof servePythonIndex>>;
  beforeAll(async () => {
    index = await servePythonIndex(WHEELS);
    execFileSync(join(home, '.venv/bin/python'), ['-c', PACKAGES, folder], {
      env: { PYTHONPATH: join(home, 'tools/conda-channel') },
    });
  });
  afterAll(() => {
    index.close();
    rmSync(folder, { recursive: true });
  });

  const files = (): string[] => readdirSync(join(folder, 'linux-64')).sort();
  const packages = (): CondaInput[] =>
    files().map((file) => ({
      ...{
        use: 'conda',
        source: 'conda',
        name: file.replace(/-2\.3\.1.*/, ''),
        version: '2.3.1',
        build: '0',
      },
      ...{ channel: 'c', subdir: 'linux-64', file, size: 1, sha256: '0'.repeat(64) },
    }));

  async function lock(
    requirements: readonly string[],
    { constraints = '', requires = [] as readonly string[] } = {},
  ): Promise<string[]> {
    const text = `channels: [c]\ndependencies: [python, {pip: ${JSON.stringify(['-c c.txt', ...requirements])}}]\n`;
    const { environment, faults } = readEnvironment('environment.yml', Buffer.from(text), {}, () =>
      Buffer.from(constraints),
    );
    expect(faults).toEqual([]);
    const base = (): Promise<string> => Promise.resolve(index.url);
    const inputs = await resolvePip(
      {
        ...{ file: 'environment.yml', pip: environment.pip, packages: packages(), home },
        target: { python: '3.13.5', glibc: '2.41' },
        needs: { file: 'pyproject.toml', requires, requiresPython: undefined, spark: '4.1.4' },
      },
      {
        ...{ exec: hostExec, base, index: new PythonIndex(hostHttp, base), step: () => undefined },
        files: (inputs) =>
          Promise.resolve(
            inputs.map((input) => join(folder, 'linux-64', input.source === 'conda' ? input.file : '')),
          ),
      },
    );
    for (const input of inputs) {
      const wheel = WHEELS.find(({ file }) => file === input.file);
      expect(input).toMatchObject({
        use: 'conda',
        source: 'pypi',
        size: wheel?.bytes.length,
        sha256: wheel?.sha256,
      });
    }
    expect(JSON.stringify(inputs)).not.toContain('127.0.0.1');
    return inputs.map(({ name, version }) => `${name} ${version}`).sort();
  }

  it.each<[string, readonly string[], object, readonly string[]]>([
    ['nothing where nothing is asked for', [], {}, []],
    ['what is asked for, with what it needs', ['tool'], {}, ['six 1.17.0', 'tool 2.0']],
    ['nothing of what conda brings, in whatever package', ['numpy', 'pandas>=2'], {}, []],
    ['what an extra of a conda package needs', ['pandas[excel]'], {}, ['openpyxl 3.1.5']],
    ['what an extra needs', ['tool[more]'], {}, ['extra-thing 1.0', 'six 1.17.0', 'tool 2.0']],
    [
      'nothing whose marker is of another Python',
      ['six; python_version<"3"', 'openpyxl'],
      {},
      ['openpyxl 3.1.5'],
    ],
    ['what the constraints leave', ['tool'], { constraints: 'tool<2\n' }, ['six 1.17.0', 'tool 1.0']],
    [
      'what the code package can use',
      ['tool'],
      { requires: ['tool[more]<2; python_version>"3"', 'pyspark'] },
      ['six 1.17.0', 'tool 1.0'],
    ],
    ["what goes with the image's Spark, without another one", ['delta'], {}, ['delta 4.1.0']],
    [
      'a file of the hash that is given',
      [`six==1.17.0 --hash=sha256:${WHEELS[0]?.sha256 ?? ''}`],
      {},
      ['six 1.17.0'],
    ],
  ])('is %s', async (_, requirements, more, expected) => {
    expect(await lock(requirements, more)).toEqual(expected);
  });

  it.each<[string, readonly string[], object, readonly string[]]>([
    [
      'a conflict with a conda package, which it names',
      ['needs-old-numpy'],
      {},
      ['numpy<2', 'numpy 2.3.1 comes from the conda package numpy-base'],
    ],
    [
      'another release than conda brings',
      ['pandas==1.5'],
      {},
      ['pandas 2.3.1 comes from the conda package pandas'],
    ],
    ["another Spark than the image's", ['delta==4.0.0'], {}, ["pyspark 4.1.4 is the image's Spark"]],
    ['what the code package cannot use', ['tool==2.0'], { requires: ['tool<2'] }, ['tool<2']],
    [
      'what has no wheel, with the way out',
      ['only-source'],
      {},
      ['only-source', 'builds no source distribution'],
    ],
    ['what no index has', ['absent'], {}, ['absent']],
    [
      'a file of another hash',
      [`six --hash=sha256:${'0'.repeat(64)}`],
      {},
      ['one of the hashes that are given'],
    ],
  ])('refuses %s', async (_, requirements, more, said) => {
    const error = await refusal(() => lock(requirements, more));
    expect(error.code).toBe('unresolvable');
    const shown = JSON.stringify([error.message, error.hint, error.faults]);
    for (const part of said) expect(shown).toContain(part);
    for (const hidden of ['127.0.0.1', '+conda', '+spark', 'kiln-pip-']) expect(shown).not.toContain(hidden);
    expect(error.hint).not.toBe('');
  });
});
