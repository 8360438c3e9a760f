import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whole } from './bakery';
import { copyOf } from './copy-of';
import { bakedImage } from './image';

const HOME = resolve(__dirname, '..', '..');
const found = bakedImage();

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const kiln = async (home: string, words: readonly string[]): Promise<Ran> => {
  const ran = promisify(execFile)(join(home, 'bin/kiln'), words, { cwd: home, maxBuffer: 64 * 1024 * 1024 });
  return await ran.then(
    (done) => ({ code: 0, ...done }),
    (error: unknown) => error as Ran,
  );
};

describe.skipIf(typeof found === 'string')('kiln reproduce, which needs root', () => {
  if (typeof found === 'string') return;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-reproduce-e2e-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('builds the code layer to the same bits', { timeout: 300_000 }, async () => {
    const { code, stdout } = await kiln(HOME, [
      'reproduce',
      found.record.digest,
      '--layer',
      'code',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      same: true,
      layers: [{ name: 'code', same: true, differences: [] }],
    });
    expect(code).toBe(0);
  });

  it('names the file and the bytes of a recipe that is not reproducible', { timeout: 600_000 }, async () => {
    // A kiln of its own, whose recipe for code writes the time of day.
    const home = copyOf(HOME, join(folder, 'kiln'));
    const recipe = join(home, 'images/layers/code/build');
    const text = readFileSync(recipe, 'utf8');
    expect(text).toContain('set -euo pipefail\n');
    writeFileSync(
      recipe,
      text.replace(
        'set -euo pipefail\n',
        'set -euo pipefail\nmkdir -p "$KILN_OUT/opt"\necho "made at $(date +%s%N)" >"$KILN_OUT/opt/made"\nchmod 0644 "$KILN_OUT/opt/made"\n',
      ),
    );
    const baked = await kiln(home, ['bake', '--json']);
    expect(baked.code, baked.stderr).toBe(0);
    const { digest } = JSON.parse(baked.stdout) as { digest: string };
    const { code, stdout } = await kiln(home, ['reproduce', digest, '--layer', 'code']);
    expect(stdout).toMatch(
      /✘ layer code: 1 differences\n {4}\/opt\/made: content: .*from byte \d+: "made at /,
    );
    expect(stdout).toContain(`NOT reproduced: ${digest}`);
    expect(code).toBe(1);
    // Against another checkout's image nothing is baked at all.
    const other = await kiln(HOME, ['reproduce', join(home, '.kiln/latest'), '--layer', 'code']);
    expect(other.stderr).toContain('was not baked from these recipes and this code');
    expect(other.code).toBe(3);
  });

  it.skipIf(!whole)(
    'bakes the whole image again to the same bits, and says so in a verdict (make test-all)',
    { timeout: 1_800_000 },
    async () => {
      const { code, stdout } = await kiln(HOME, ['reproduce', found.record.digest]);
      expect(stdout).toContain(`reproduced: ${found.record.digest}`);
      expect(code).toBe(0);
      const verdict: unknown = JSON.parse(
        readFileSync(join(found.folder, 'verdicts/reproduced.json'), 'utf8'),
      );
      expect(verdict).toMatchObject({ kind: 'reproduced', ok: true, digest: found.record.digest });
    },
  );
});
