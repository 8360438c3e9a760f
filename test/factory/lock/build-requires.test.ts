import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRequires } from '../../../factory/lock/pypi';
import { refusal } from '../spec/support';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-pyproject-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const written = (text: string): string => {
  const file = join(folder, 'pyproject.toml');
  writeFileSync(file, text);
  return file;
};

describe('what the build of the code package requires', () => {
  it.each([
    ['[build-system]\nrequires = ["hatchling==1.27.0", "wheel"]\n', ['hatchling==1.27.0', 'wheel']],
    ['[build-system]\nbuild-backend = "x"\n', ['setuptools']],
    ['[project]\nname = "jobs"\n', ['setuptools']],
    ['', ['setuptools']],
  ])('%j: %j', (text, expected) => {
    expect(buildRequires(written(text))).toEqual(expected);
  });

  it.each([
    ['[build-system\n', 'pyproject.toml cannot be read'],
    ['[build-system]\nrequires = "flit"\n', 'build-system.requires must be a list of requirements'],
    ['[build-system]\nrequires = [1]\n', 'build-system.requires must be a list of requirements'],
    ['build-system = 1\n', 'build-system.requires must be a list of requirements'],
  ])('%j is refused: %s', async (text, what) => {
    const error = await refusal(() => buildRequires(written(text)));
    expect(error).toMatchObject({ code: 'spec-invalid', exitCode: 2 });
    expect(error.message).toContain(what);
  });
});
