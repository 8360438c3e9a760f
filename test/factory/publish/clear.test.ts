import { beforeEach, describe, expect, it } from 'vitest';
import { planClearance } from '../../../factory/publish/clear';
import { collect, planCollect } from '../../../factory/registry/gc';
import { World, diskOf } from './aws/support';

describe('AMIs of what a clean-up removes', () => {
  let world: World;
  let [old, head]: [string, string] = ['', ''];
  beforeEach(async () => {
    world = new World();
    old = await world.store(diskOf('ab'));
    await world.promote(old);
    await world.publish(old);
    head = await world.store(diskOf('cd'));
    await world.promote(head);
    await world.publish(head);
    // Two promotions on, no rollback of one step reaches the first.
    await world.promote(await world.store(diskOf('ef')));
    await world.promote(head);
  });
  const policy = { history: 1, youngerThan: 0, now: Date.now() + 86_400_000 };
  const clean = async (): Promise<void> => {
    const who = { by: 'owner@desk', at: '2026-11-22T12:30:00Z', cache: world.root };
    await collect(world.home, await planCollect(world.home, policy), policy, who);
  };
  const planned = async (removing: readonly string[] = []): Promise<readonly string[]> =>
    (await planClearance(world.home, removing)).map(({ digest }) => digest);

  it('are those of removed images, now or before, and never of what a channel points at', async () => {
    expect(await planned()).toEqual([]);
    expect(await planned([old])).toEqual([old]);
    expect(await planned([old, head])).toEqual([old]);
    await clean();
    expect(await planned()).toEqual([old]);
  });

  it('go with their snapshots, and are planned no more', async () => {
    await clean();
    await world.connection().withdraw(world.home, await planClearance(world.home), 'owner@desk');
    expect(world.aws.images.size).toBe(1);
    expect(world.orphans).toEqual([]);
    expect(await planned()).toEqual([]);
  });

  it('stay when the image is stored again', async () => {
    await clean();
    await world.store(diskOf('ab'));
    expect(await planned()).toEqual([]);
  });
});
