import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bake, digestOf, lockOf, verdictOf } from '../registry/support';

const HOME = resolve(__dirname, '../../..');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-commands-'));
  symlinkSync(join(HOME, 'jobs'), join(folder, 'jobs'));
  cpSync(join(HOME, 'environment.yml'), join(folder, 'environment.yml'));
  mkdirSync(join(folder, '.kiln'));
  writeFileSync(
    join(folder, 'factory.yaml'),
    `image: spark-node
spark: 4.1.4
conda:
  environment: environment.yml
code: jobs
channels:
  candidate: {}
  production:
    gates:
      - kind: verified
      - kind: hours
        hours: 48
      - kind: command
        name: smoke
        run: [sh, -c, 'echo asked about $KILN_IMAGE for $KILN_CHANNEL']
`,
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function kiln(code: number, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(join(HOME, 'bin/kiln'), args, {
    cwd: folder,
    env: { ...process.env, KILN_PROJECT: folder, KILN_CACHE: join(folder, 'cache') },
    encoding: 'utf8',
  });
  expect(status, `${args.join(' ')}\n${stdout}${stderr}`).toBe(code);
  return stdout + stderr;
}
const json = (code: number, ...args: readonly string[]): unknown => {
  const said = kiln(code, ...args, '--json');
  return JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1));
};

it("a release owner's day: every command shows its plan, and does it when it is told to", () => {
  kiln(0, 'registry', 'init');
  const baked = (disk: string, openssl: string): string =>
    bake(join(folder, '.kiln', 'images'), disk, {
      lock: lockOf({ libssl3t64: openssl, tzdata: '2026a' }),
      verdicts: [verdictOf(disk)],
    });
  const [one, two] = [baked('one', '3.5.1'), baked('two', '3.5.2')];

  expect(kiln(0, 'promote', one, 'candidate')).toContain('with --apply it is done');
  expect(json(0, 'images')).toMatchObject({ images: [{ stored: false }, { stored: false }] });
  kiln(0, 'promote', one, 'candidate', '--apply');
  const refused = kiln(1, 'promote', 'candidate', 'production', '--apply');
  expect(refused).toContain('gate hours: DOES NOT HOLD: 0.0 of 48 hours in candidate');
  expect(refused).toContain(`gate smoke: holds: sh -c`);
  expect(refused).toContain(`asked about ${one} for production`);
  expect(kiln(2, 'promote', 'candidate', 'production', '--override', 'hours')).toContain('needs a reason');
  const why = ['--override', 'hours', '--reason', 'fixes CVE-2026-1234'];
  expect(json(0, 'promote', 'candidate', 'production', ...why, '--apply')).toMatchObject({
    applied: true,
    entry: { overrides: [{ gate: 'hours' }], reason: 'fixes CVE-2026-1234' },
  });
  expect(kiln(0, 'promote', two, 'candidate', '--apply')).toContain('libssl3t64 3.5.1 -> 3.5.2');
  kiln(0, 'promote', 'candidate', 'production', ...why, '--apply');

  const history = kiln(0, 'history', 'production');
  expect(history).toMatch(
    /2 {2}promote .*fixes CVE-2026-1234\n {3}OVERRIDDEN gate hours: .*\n {3}1 package: libssl3t64/,
  );
  expect(json(0, 'history', 'production', '--last', '1')).toMatchObject({
    entries: [{ sequence: 2, packages: [{ name: 'libssl3t64' }] }],
  });
  expect(kiln(0, 'blame', 'libssl3t64', '--channel', 'production')).toContain('3.5.2 since entry 2');
  kiln(1, 'blame', 'no-such-package');

  expect(
    json(0, 'in-use', 'report', 'production', '--cluster', 'nightly', '--node', '10.0.1.4', '10.0.1.5'),
  ).toMatchObject({
    digest: two,
    nodes: ['10.0.1.4', '10.0.1.5'],
  });
  expect(kiln(0, 'in-use')).toContain('nightly: 10.0.1.4, 10.0.1.5');

  expect(kiln(2, 'revoke', two)).toContain('needs a reason');
  const plan = kiln(0, 'revoke', two, '--reason', 'leaks credentials');
  expect(plan).toContain(`channel production of spark-node falls back to ${one}`);
  expect(plan).toContain('runs on nightly: 10.0.1.4, 10.0.1.5');
  expect(json(0, 'resolve', '--channel', 'production')).toMatchObject({ digest: two });
  kiln(0, 'revoke', two, '--reason', 'leaks credentials', '--apply');
  expect(json(0, 'resolve', '--channel', 'production')).toMatchObject({ digest: one });
  expect(json(1, 'resolve', '--digest', two)).toMatchObject({ error: { code: 'image-revoked' } });
  expect(kiln(1, 'promote', two, 'candidate')).toContain('leaks credentials');
  expect(kiln(0, 'images')).toContain('REVOKED');
  expect(kiln(0, 'image', 'show', two)).toContain('leaks credentials');

  const three = baked('three', '3.5.3');
  kiln(0, 'promote', three, 'candidate', '--apply');
  kiln(0, 'rollback', 'candidate', '--apply');
  expect(kiln(0, 'pin', three, '--reason', 'the audit')).toContain('nothing was changed');
  kiln(0, 'pin', three, '--reason', 'the audit', '--apply');
  expect(kiln(0, 'images')).toContain('pinned');
  expect(kiln(0, 'gc')).toContain('nothing to remove');
  expect(json(0, 'gc')).toMatchObject({ remove: [], applied: false });
  expect(kiln(0, 'unpin', three)).toContain('nothing was changed');
  kiln(0, 'unpin', three, '--apply');
  expect(kiln(0, 'in-use', 'clear', 'nightly')).toContain('forgot');
  expect(kiln(2, 'in-use', 'clear', 'nightly')).toContain('nobody called nightly');
  kiln(2, 'gc', '--history', '0');
  expect(digestOf('three')).toBe(three);
}, 300_000);

it('a pin whose image is gone stops the clean-up, which says how to end it, and that ends it', () => {
  const digest = `sha256:${'5a'.repeat(32)}`;
  const pins = join(folder, '.kiln', 'registry', 'pins');
  mkdirSync(pins, { recursive: true });
  const at = '2026-11-30T00:00:00.000Z';
  writeFileSync(
    join(pins, `${'5a'.repeat(32)}.json`),
    JSON.stringify({ version: 1, digest, reason: 'the audit', by: 'somebody', at }),
  );
  const stopped = kiln(3, 'gc', '--apply');
  expect(stopped).toContain(`names an image that was not listed: ${digest}`);
  expect(stopped).toContain('kiln unpin');
  expect(kiln(2, 'unpin', 'sha256:5b')).toContain('neither an image');
  expect(kiln(0, 'unpin', 'sha256:5a5a')).toContain('pinned by somebody: the audit');
  kiln(0, 'unpin', 'sha256:5a5a', '--apply');
  kiln(0, 'gc', '--apply');
}, 60_000);
