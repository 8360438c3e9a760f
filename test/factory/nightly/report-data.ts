import type { ReportData } from '../../../factory/nightly/report/data';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** A name as somebody would choose it who wants a page to do something. */
export const HOSTILE = `x"><script>document.title='taken'</script><img src=http://198.51.100.1/ onerror=alert(1)>'\u202egnp.exe\u0000`;

/** A night with something of everything. */
export const reportData = (change: Partial<ReportData> = {}): ReportData => ({
  image: 'spark-node',
  run: '20261124T020000000Z',
  began: '2026-11-24T02:00:00.000Z',
  kiln: '0.1.0',
  host: 'builder',
  result: 'registered',
  cause: undefined,
  channel: 'candidate',
  previous: { run: '20261123T020000000Z', lock: digest('1'), sources: digest('2'), image: digest('a') },
  change: {
    version: 1,
    since: { what: 'night', name: '20261123T020000000Z' },
    choices: [{ name: 'spark', from: '4.1.4', to: '4.1.5' }],
    packages: [
      {
        use: 'os',
        source: 'debian',
        name: 'openssl',
        from: '3.5.6-1~deb13u1',
        to: '3.5.7-1~deb13u1',
        reason: 'security update of trixie',
      },
      {
        use: 'os',
        source: 'debian',
        name: 'linux-image-6.12.118+deb13-amd64',
        from: null,
        to: '6.12.118-1',
        reason: 'a package that is asked for depends on it',
      },
      {
        use: 'conda',
        source: 'conda',
        name: 'pandas',
        from: '2.3.2 py313h1',
        to: null,
        reason: 'nothing needs it any more',
      },
    ],
    layers: [
      { layer: 'os', rebuilt: true, because: ['openssl: 3.5.6-1~deb13u1 -> 3.5.7-1~deb13u1'] },
      { layer: 'jars', rebuilt: true, because: ['only if what it sees of layer os changes'] },
      {
        layer: 'conda',
        rebuilt: true,
        because: Array.from({ length: 9 }, (_, n) => `package-${String(n)}: 1 -> 2`),
      },
      { layer: 'node', rebuilt: false, because: [] },
    ],
  },
  bake: {
    digest: digest('b'),
    size: 2_451_000_000,
    baked: true,
    steps: [
      { step: 'os', cached: false, milliseconds: 61_000, bytes: 642_000_000 },
      { step: 'node', cached: true, milliseconds: 0, bytes: 4_000_000 },
      { step: 'disk', cached: false, milliseconds: 14_200, bytes: 0 },
    ],
  },
  verify: { ok: true, checks: [{ name: 'target reached', ok: true, detail: 'in 62 s' }] },
  reproduce: { ok: true, checks: [{ name: 'disk', ok: true, detail: digest('b') }] },
  moves: [
    {
      channel: 'candidate',
      from: digest('a'),
      taken: true,
      gates: [{ kind: 'verified', holds: true, detail: 'booted at 2026-11-24T02:06:00Z by tcg' }],
    },
    {
      channel: 'staging',
      from: null,
      taken: false,
      gates: [{ kind: 'soaked', holds: false, detail: '0 of 24 hours in candidate' }],
    },
  ],
  proposal: { branch: 'nightly/lock', commit: 'c'.repeat(40) },
  timings: [
    { step: 'refresh', milliseconds: 21_000 },
    { step: 'bake', milliseconds: 141_000 },
    { step: 'verify', milliseconds: 96_000 },
    { step: 'reproduce', milliseconds: 190_000 },
    { step: 'register', milliseconds: 4_100 },
  ],
  nights: Array.from({ length: 14 }, (_, n) => ({
    run: n === 12 ? '20261123T020000000Z' : `202611${String(11 + n)}T020000000Z`,
    at: `2026-11-${String(11 + n)}T02:00:00.000Z`,
    result: n % 5 === 4 ? ('unchanged' as const) : ('registered' as const),
    digest: n % 5 === 4 ? undefined : digest('b'),
    size: n % 5 === 4 ? undefined : 2_440_000_000 + n * 900_000 + (n % 3) * 400_000,
  })),
  ...change,
});
