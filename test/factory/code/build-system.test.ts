import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPackage, type PackageFacts } from '../../../factory/code/build-system';
import { formatError } from '../../../factory/errors';
import { refusal } from '../spec/support';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-pyproject-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = (text: string): PackageFacts => {
  writeFileSync(join(folder, 'pyproject.toml'), text);
  return readPackage(folder, 'jobs');
};

describe('what the build of the code package requires', () => {
  it.each([
    ['[build-system]\nrequires = ["hatchling==1.27.0", "wheel"]\n', ['hatchling==1.27.0', 'wheel']],
    ['[build-system]\nrequires = []\nbuild-backend = "ours"\nbackend-path = ["."]\n', []],
    ['[project]\nname = "jobs"\n', ['setuptools>=40.8.0']],
    ['[tool.black]\nline-length = 100\n', ['setuptools>=40.8.0']],
    ['', ['setuptools>=40.8.0']],
  ])('%j: %j', (text, expected) => {
    expect(read(text).buildRequires).toEqual(expected);
  });

  it.each([
    ['what pip takes where there is no pyproject.toml', 'setup.py', ['setuptools>=40.8.0']],
    ['what pip takes where there is no pyproject.toml', 'setup.cfg', ['setuptools>=40.8.0']],
    ['nothing where there are scripts alone: they are not built', 'job.py', []],
  ])('is %s: %s', (_, file, buildRequires) => {
    writeFileSync(join(folder, file), '');
    expect(readPackage(folder, 'jobs')).toEqual({ buildRequires, requires: [], requiresPython: undefined });
  });

  it('stands beside what the package itself requires', () => {
    const text = '[project]\nname = "jobs"\nrequires-python = ">=3.10"\ndependencies = ["pandas>=2"]\n';
    expect(read(text)).toMatchObject({ requires: ['pandas>=2'], requiresPython: '>=3.10' });
  });

  it.each([
    ['[build-system\n', 'jobs/pyproject.toml: Invalid TOML'],
    ['\u{feff}[build-system]\nrequires = []\n', 'byte order mark'],
    ['[build-system]\nbuild-backend = "x"\n', 'build-system.requires'],
    ['[build-system]\nrequires = "flit"\n', 'build-system.requires'],
    ['[build-system]\nrequires = [1]\n', 'build-system.requires.0'],
    ['build-system = 1\n', 'build-system'],
    ['[project]\ndependencies = "pandas"\n', 'project.dependencies'],
    ['[build-system]\nrequires = ["x @ git+https://example.com/x"]\n', 'is not a release of a Python index'],
    [
      '[build-system]\nrequires = ["--index-url=https://example.com"]\n',
      'is not a release of a Python index',
    ],
    ['[build-system]\nrequires = ["flit_core\\n-r x"]\n', 'is not a release of a Python index'],
  ])('%j is refused: %s', async (text, what) => {
    const error = await refusal(() => read(text));
    expect(error).toMatchObject({ code: 'spec-invalid', exitCode: 2 });
    expect(formatError(error)).toContain(what);
  });

  it('takes a requirement with a marker that has an at sign in it', () => {
    const text = '[build-system]\nrequires = ["a; platform_version != \'@\'"]\n';
    expect(read(text).buildRequires).toEqual(["a; platform_version != '@'"]);
  });
});
