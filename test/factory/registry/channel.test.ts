import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { apply, planPromotion, planRollback } from '../../../factory/registry/channel';
import { isAllowed } from '../../../factory/registry/plan';
import { readCatalogue } from '../../../factory/registry/catalogue';
import { blame, historyOf } from '../../../factory/registry/history';
import { historyPage, planPage } from '../../../factory/registry/show';
import { readChannel, resolveChannel } from '../../../factory/registry/read';
import { WHO, bake, digestOf, lockOf, newPlace, recordOf, verdictOf } from './support';
import type { Place } from './support';

let place: Place;
beforeEach(async () => {
  place = newPlace();
  await place.home.init();
});

const promotion = (name: string, channel: string) => planPromotion(place.home, place.settings, name, channel);
const promote = async (name: string, channel: string) =>
  apply(place.home, await promotion(name, channel), WHO);
const rollback = async (channel: string) =>
  apply(place.home, await planRollback(place.home, place.settings, channel), WHO);
const head = (channel: string): string => resolveChannel(place.home.where, 'spark-node', channel).digest;
const baked = (disk: string, proven = true): string =>
  bake(place.settings.bakes, disk, { verdicts: proven ? [verdictOf(disk)] : [] });

describe('a promotion', () => {
  it('changes nothing while it is only planned', async () => {
    const { plan } = await promotion(baked('a'), 'candidate');
    expect(plan).toMatchObject({ from: undefined, to: digestOf('a'), moves: true, store: true });
    expect(readdirSync(place.home.where)).toEqual(['registry.json']);
  });

  it('stores the image, then points the channel at it', async () => {
    const entry = await promote(baked('a'), 'candidate');
    expect(entry).toMatchObject({ sequence: 1, action: 'promote', digest: digestOf('a'), ...WHO });
    expect(head('candidate')).toBe(digestOf('a'));
  });

  it('from a channel takes the image that it points at', async () => {
    await promote(baked('a'), 'candidate');
    await promote('candidate', 'production');
    expect(head('production')).toBe(digestOf('a'));
  });

  it('is not allowed before every gate holds, and says what to do', async () => {
    const { plan } = await promotion(baked('a', false), 'production');
    expect(isAllowed(plan)).toBe(false);
    expect(planPage(plan, true)).toContain(`kiln verify ${digestOf('a').slice(0, 19)}`);
    expect(isAllowed((await promotion(digestOf('a'), 'candidate')).plan)).toBe(true);
  });

  it('to where the channel is already moves nothing', async () => {
    await promote(baked('a'), 'candidate');
    const { plan } = await promotion(digestOf('a'), 'candidate');
    expect(plan).toMatchObject({ moves: false, store: false });
    expect(planPage(plan, false)).toMatch(/already: nothing to do$/);
  });

  it('shows the versions and layers that change', async () => {
    await promote(baked('a'), 'candidate');
    bake(place.settings.bakes, 'b', {
      record: recordOf('b', { versions: { spark: '4.1.5', python: '3.13', sdk: '2' } }),
    });
    const { plan } = await promotion(digestOf('b'), 'candidate');
    expect(plan.versions).toEqual([
      { name: 'java', from: '21', to: undefined },
      { name: 'sdk', from: undefined, to: '2' },
      { name: 'spark', from: '4.1.4', to: '4.1.5' },
    ]);
    expect(plan.layers.map(({ name, change }) => `${name} ${change}`)).toEqual(['os same', 'code changed']);
  });

  it('shows the packages that change, and the history keeps them, whoever removed the disk', async () => {
    const locks = [
      { openssl: '3.5.1', tzdata: '2026a' },
      { openssl: '3.5.2', tzdata: '2026a', curl: '8' },
    ];
    for (const [index, packages] of locks.entries()) {
      bake(place.settings.bakes, `disk ${index}`, { lock: lockOf(packages) });
      const { plan } = await promotion(digestOf(`disk ${index}`), 'candidate');
      if (index === 1) {
        expect(plan.packages).toEqual([
          { kind: 'deb', name: 'curl', before: null, after: '8' },
          { kind: 'deb', name: 'openssl', before: '3.5.1', after: '3.5.2' },
        ]);
        expect(planPage(plan, false)).toContain('2 packages: curl (new) -> 8, openssl 3.5.1 -> 3.5.2');
      }
      await promote(digestOf(`disk ${index}`), 'candidate');
    }
    rmSync(place.settings.bakes, { recursive: true });
    const catalogue = await readCatalogue(place.home, 'spark-node', place.settings.bakes);
    const log = catalogue.logs.get('candidate') ?? [];
    const changes = await historyOf(place.home, catalogue, log, 1);
    expect(changes).toMatchObject([{ sequence: 2, from: digestOf('disk 0'), ...WHO }]);
    expect(changes[0]?.packages).toHaveLength(2);
    expect(historyPage('candidate', changes, 1)).toMatch(
      /2 {2}promote .*\n.*openssl 3\.5\.1 -> 3\.5\.2\nand 1 earlier: --last 2/s,
    );
    const blamed = async (name: string) => await blame(place.home, catalogue, 'candidate', name);
    expect(await blamed('openssl')).toMatchObject([
      { since: { sequence: 2 }, before: '3.5.1', package: { version: '3.5.2' }, unknown: false },
    ]);
    expect(await blamed('tzdata')).toMatchObject([{ since: { sequence: 1 }, before: null }]);
    expect(await blamed('curl')).toMatchObject([{ since: { sequence: 2 }, before: null }]);
    expect(await blamed('no-such')).toEqual([]);
  });

  it('may override a gate, which stands in the entry for ever', async () => {
    const digest = baked('a', false);
    const planned = await planPromotion(place.home, place.settings, digest, 'production', {
      overrides: ['verified'],
    });
    expect(isAllowed(planned.plan)).toBe(true);
    expect(planPage(planned.plan, false)).toContain(
      'gate verified: does not hold, OVERRIDDEN: was never booted',
    );
    await apply(place.home, planned, WHO);
    const [entry] = readChannel(place.home.where, 'spark-node', 'production');
    expect(entry).toMatchObject({
      overrides: [{ gate: 'verified', detail: 'was never booted' }],
      reason: 'test',
    });
  });

  it.each([
    ['an unknown image', 'sha256:0000', 'candidate', 'unknown-image'],
    ['latest: nothing is guessed', 'latest', 'candidate', 'unknown-image'],
    ['an empty name', '', 'candidate', 'unknown-image'],
    ['the bare scheme', 'sha256:', 'candidate', 'unknown-image'],
    ['an empty channel as source', 'production', 'candidate', 'unknown-image'],
    ['a channel that factory.yaml does not declare', digestOf('a'), 'staging', 'unknown-channel'],
  ])('of %s is refused', async (_, name, channel, code) => {
    baked('a');
    await expect(promotion(name, channel)).rejects.toMatchObject({ code, exitCode: 2 });
  });

  it('takes the beginning of a digest only when it fits one image', async () => {
    const digests = Array.from({ length: 40 }, (_, index) => baked(`disk ${index}`));
    const unique =
      digests.find((d) => digests.filter((e) => e.startsWith(d.slice(0, 12))).length === 1) ?? '';
    expect((await promotion(unique.slice(7, 12), 'candidate')).plan.to).toBe(unique);
    const shared = digests.find((d) => digests.filter((e) => e[7] === d[7]).length > 1) ?? '';
    await expect(promotion(shared.slice(7, 8), 'candidate')).rejects.toMatchObject({
      code: 'ambiguous-image',
    });
  });

  it('of a damaged bake is refused, and the channel stays', async () => {
    bake(place.settings.bakes, 'a', { record: recordOf('b') });
    await expect(promotion(digestOf('a'), 'candidate')).rejects.toMatchObject({ code: 'registry-damaged' });
  });

  it('that was overtaken is told by whom', async () => {
    baked('b');
    const late = await promotion(digestOf('b'), 'candidate');
    await promote(baked('a'), 'candidate');
    await expect(apply(place.home, late, WHO)).rejects.toMatchObject({
      code: 'channel-moved',
      exitCode: 1,
      message: expect.stringContaining(`owner@desk put it on ${digestOf('a').slice(0, 19)}`) as string,
    });
    expect(head('candidate')).toBe(digestOf('a'));
  });
});

describe('a rollback', () => {
  it('goes back, twice goes back twice, and then there is nothing', async () => {
    for (const disk of ['a', 'b', 'c']) await promote(baked(disk), 'production');
    await rollback('production');
    expect(head('production')).toBe(digestOf('b'));
    await rollback('production');
    expect(head('production')).toBe(digestOf('a'));
    await expect(rollback('production')).rejects.toMatchObject({
      code: 'nothing-to-roll-back-to',
      exitCode: 1,
    });
    expect(readChannel(place.home.where, 'spark-node', 'production').map(({ action }) => action)).toEqual([
      ...Array<string>(3).fill('promote'),
      ...Array<string>(2).fill('rollback'),
    ]);
  });

  it('asks no gate: the image has been there before', async () => {
    await promote(baked('a'), 'production');
    await promote(baked('b'), 'production');
    bake(place.settings.bakes, 'a', {
      verdicts: [verdictOf('a', { ok: false, at: '2026-11-23T00:00:00Z' })],
    });
    expect(isAllowed((await planRollback(place.home, place.settings, 'production')).plan)).toBe(true);
  });

  it('works when the bake is gone: the registry has the image', async () => {
    await promote(baked('a'), 'candidate');
    await promote(baked('b'), 'candidate');
    const settings = { ...place.settings, bakes: join(place.root, 'gone') };
    await apply(place.home, await planRollback(place.home, settings, 'candidate'), WHO);
    expect(head('candidate')).toBe(digestOf('a'));
  });
});
