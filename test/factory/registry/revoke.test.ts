import { beforeEach, describe, expect, it } from 'vitest';
import { apply, planPromotion, planRollback } from '../../../factory/registry/channel';
import { readCatalogue } from '../../../factory/registry/catalogue';
import { reportUse } from '../../../factory/registry/marks';
import { readChannel, resolveChannel, resolveDigest } from '../../../factory/registry/read';
import { applyRevocation, planRevocation } from '../../../factory/registry/revoke';
import { WHO, bake, digestOf, newPlace, recordOf, verdictOf, type Place } from './support';

let place: Place;
beforeEach(async () => {
  place = newPlace();
  await place.home.init();
});

const promote = async (disk: string, channel: string, parents: readonly string[] = []) => {
  const record = recordOf(disk, { parents: parents.map(digestOf) });
  const digest = bake(place.settings.bakes, disk, { record, verdicts: [verdictOf(disk)] });
  return await apply(place.home, await planPromotion(place.home, place.settings, digest, channel), WHO);
};
const plan = (disk: string) => planRevocation(place.home, place.settings, digestOf(disk));
const revoke = async (disk: string) =>
  await applyRevocation(place.home, await plan(disk), { ...WHO, reason: 'leaks' });
const head = (channel: string): string => resolveChannel(place.home.where, 'spark-node', channel).digest;

describe('a revocation', () => {
  it('takes what was built upon the image along, at any remove, and channels fall back to the last good one', async () => {
    for (const [disk, parents] of [
      ['good', []],
      ['bad', []],
      ['child', ['bad']],
      ['grandchild', ['child']],
    ] as const)
      await promote(disk, 'candidate', parents);
    await promote('bad', 'production');
    await reportUse(place.home, {
      version: 1,
      reporter: 'nightly',
      digest: digestOf('grandchild'),
      cluster: 'nightly',
      nodes: ['worker-1', 'worker-2'],
      by: WHO.by,
      at: WHO.at,
    });

    const planned = await plan('bad');
    expect(planned.revokes.map(({ digest }) => digest)).toEqual([
      digestOf('bad'),
      ...[digestOf('child'), digestOf('grandchild')].sort(),
    ]);
    expect(planned.channels).toEqual([
      { image: 'spark-node', channel: 'candidate', from: digestOf('grandchild'), to: digestOf('good') },
      { image: 'spark-node', channel: 'production', from: digestOf('bad'), to: null },
    ]);
    expect(planned.uses).toMatchObject([{ cluster: 'nightly', nodes: ['worker-1', 'worker-2'] }]);
    expect(head('candidate')).toBe(digestOf('grandchild'));

    expect(await revoke('bad')).toMatchObject([
      { channel: 'candidate', action: 'revoke', digest: digestOf('good'), reason: 'revoked: leaks' },
    ]);
    expect(head('candidate')).toBe(digestOf('good'));
    // One that has nothing to fall back to resolves to nothing at all.
    expect(() => head('production')).toThrow(
      expect.objectContaining({
        code: 'image-revoked',
        exitCode: 1,
        hint: expect.stringContaining('kiln promote IMAGE production') as string,
      }),
    );
    for (const disk of ['bad', 'child', 'grandchild'])
      expect(() => resolveDigest(place.home.where, digestOf(disk))).toThrow(
        /was revoked by owner@desk .*: leaks/,
      );
    const { images } = await readCatalogue(place.home, 'spark-node', place.settings.bakes);
    expect(images.find(({ digest }) => digest === digestOf('child'))?.revoked).toMatchObject({
      because: digestOf('bad'),
    });
  });

  it('is never undone: neither a promotion nor a rollback brings the image back', async () => {
    for (const disk of ['a', 'b', 'c']) await promote(disk, 'candidate');
    await revoke('b');
    expect(head('candidate')).toBe(digestOf('c'));
    await expect(planPromotion(place.home, place.settings, digestOf('b'), 'candidate')).rejects.toMatchObject(
      { code: 'image-revoked' },
    );
    const { plan: back } = await planRollback(place.home, place.settings, 'candidate');
    expect(back.to).toBe(digestOf('a'));
  });

  it('that comes between the plan and the deed of a promotion stops it', async () => {
    await promote('a', 'candidate');
    await promote('b', 'candidate');
    const late = await planPromotion(place.home, place.settings, digestOf('b'), 'production');
    await revoke('b');
    await expect(apply(place.home, late, WHO)).rejects.toMatchObject({ code: 'image-revoked' });
    expect(readChannel(place.home.where, 'spark-node', 'production')).toEqual([]);
  });

  it('and promotions at the same time leave no channel on what is revoked', async () => {
    await promote('good', 'production');
    await promote('bad', 'candidate');
    const moves = await Promise.all(
      Array.from({ length: 4 }, () =>
        planPromotion(place.home, place.settings, digestOf('bad'), 'production'),
      ),
    );
    await Promise.allSettled([...moves.map(async (each) => apply(place.home, each, WHO)), revoke('bad')]);
    expect(head('production')).toBe(digestOf('good'));
  });

  it('of an image that is only baked here is refused: nothing can name it', async () => {
    const digest = bake(place.settings.bakes, 'here');
    await expect(planRevocation(place.home, place.settings, digest)).rejects.toMatchObject({
      code: 'image-not-stored',
    });
  });
});
