import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import { admit } from '../../../factory/vault';
import { JudgedFolder, rulesVersion } from '../../../factory/vault/inspect/judged';

const folder = mkdtempSync(join(tmpdir(), 'kiln-judged-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const jar = (sha256: string, file = 'a-1.jar'): Input => ({
  ...{ use: 'jars', source: 'maven', name: 'g:a', version: '1', path: `g/a/1/${file}`, size: 1 },
  sha256,
});
const [A, B] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];

/** Admits the inputs to a vault with that memory; returns those that were looked through. */
async function lookedThrough(
  judged: JudgedFolder,
  inputs: readonly Input[],
  hostile?: string,
): Promise<string[]> {
  const looked: string[] = [];
  const vault = { ensure: () => Promise.resolve(), path: (sha256: string) => sha256, judged };
  const admitted = admit(vault, inputs, (input) => {
    looked.push(input.sha256);
    return input.sha256 === hostile ? Promise.reject(new Error('hostile')) : Promise.resolve();
  });
  if (hostile === undefined) await admitted;
  else await expect(admitted).rejects.toThrow('hostile');
  return looked;
}

describe('an archive of the vault', () => {
  it('is looked through once, whatever it is called and whoever asks', async () => {
    const own = join(folder, 'once');
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A)])).toEqual([A]);
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A, 'b-2.jar'), jar(B)])).toEqual([B]);
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A), jar(B)])).toEqual([]);
  });

  it('that was refused is looked through each time, and one beside it is not', async () => {
    const own = join(folder, 'refused');
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A), jar(B)], A)).toEqual([A, B]);
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A), jar(B)], A)).toEqual([A]);
  });

  it('is looked through again as an archive of another kind, which is read in another way', async () => {
    const own = join(folder, 'kind');
    await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A)]);
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A, 'a.tar.gz')])).toEqual([A]);
    expect(await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A, 'a.gz')])).toEqual([A]);
  });

  it('is looked through again by other rules, and what those before had judged is dropped', async () => {
    const own = join(folder, 'rules');
    await lookedThrough(new JudgedFolder(own, 'v1'), [jar(A), jar(B)]);
    expect(await lookedThrough(new JudgedFolder(own, 'v2'), [jar(A)])).toEqual([A]);
    expect(readdirSync(own)).toEqual(['v2']);
  });
});

it('the version of the rules is the same each time for the same files', () => {
  const home = resolve(__dirname, '../../..');
  expect(rulesVersion(home)).toMatch(/^[0-9a-f]{12}$/);
  expect(rulesVersion(home)).toBe(rulesVersion(home));
});
