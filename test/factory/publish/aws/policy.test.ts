import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { FakeCall } from '../../../../factory/publish/aws/api/aws-fake';
import { aws } from '../../../../factory/publish/aws';
import { planWithdrawal } from '../../../../factory/publish/withdrawal';
import { REGION, World, diskOf } from './support';

const Policy = z.object({
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Action: z.union([z.string(), z.array(z.string())]),
      Resource: z.union([z.string(), z.array(z.string())]),
      Condition: z.unknown().optional(),
    }),
  ),
});

function policy() {
  const text = readFileSync(join(__dirname, '../../../../docs/aws-images.md'), 'utf8');
  return Policy.parse(JSON.parse(/```json\n([^]*?)```/.exec(text)?.[1] ?? '')).Statement;
}

/** Granted with the calls that tag what they make; it is no call of its own. */
const TAGGING = 'ec2:CreateTags';

it('the policy in the guide names every call of a publication’s life, and no other', async () => {
  const calls = new Set<string>();
  const inject = ({ service, operation }: FakeCall): undefined => {
    calls.add(`${service}:${operation}`);
  };
  const world = new World({ inject });
  const change = { regions: [REGION, 'us-east-1'], share: ['111122223333'] };
  const [a, b] = [await world.store(diskOf('ab')), await world.store(diskOf('ac'))];
  // Deprecated, listed again, taken back.
  for (const digest of [a, b, a]) {
    await world.promote(digest);
    await world.publish(digest, change);
  }
  const plan = await planWithdrawal(world.home, b, (await world.catalogue()).logs, aws);
  await world.connection().withdraw(world.home, plan, 'me');
  const granted = new Set(policy().flatMap(({ Action }) => Action));
  granted.delete(TAGGING);
  expect([...calls].sort()).toEqual([...granted].sort());
});

it('it lets nobody tag what is there already: the tag is what gives every other right', () => {
  const tagging = policy().filter(({ Action }) => [Action].flat().includes(TAGGING));
  expect(tagging.map(({ Action, Condition }) => [Action, Condition])).toEqual([
    [
      TAGGING,
      {
        StringEquals: { 'aws:RequestTag/kiln:image': 'spark-node' },
        // IAM knows this key only while a call makes the resource that it tags.
        Null: { 'ec2:CreateAction': 'false' },
      },
    ],
  ]);
  expect(policy().flatMap(({ Action }) => Action)).not.toContain('ec2:*');
});

it('it grants changes only of what has the image’s tag', () => {
  for (const { Sid, Resource, Condition } of policy()) {
    if (Sid === 'Look') continue;
    expect([Sid, JSON.stringify(Condition)]).toEqual([Sid, expect.stringContaining('Tag/kiln:image')]);
    expect([Resource].flat()).not.toContain('*');
  }
});
