import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import { FakeClock } from '../../../factory/ports/machine/clock-fake';
import { ContentStore } from '../../../factory/files/content-store';
import type { KeptInputs } from '../../../factory/ports/inputs/kept-inputs';
import { BucketInputs } from '../../../factory/ports/inputs/kept-inputs-bucket';
import { DirectoryInputs } from '../../../factory/ports/inputs/kept-inputs-directory';
import { FakeObjectStore } from '../../../factory/ports/objects/object-store-fake';
import { findDamaged, planCollect, planMove, pull, push, requireAll } from '../../../factory/vault/care';
import { knownLocks } from '../../../factory/vault/known-locks';
import type { FetchProgress } from '../../../factory/progress';
import { projectOf, refusal } from '../spec/support';
import { jar, plant } from './support';

const inputs = ['a', 'b', 'c'].map((name) => jar(name, `content of ${name}`));
const contentOf = (input: Input): string => `content of ${input.name.slice(-1)}`;
const silent = (): void => undefined;

const homes: readonly (readonly [string, (root: string) => KeptInputs])[] = [
  ["the registry's folder", (root) => new DirectoryInputs(join(root, 'registry', 'inputs'))],
  ['a bucket', () => new BucketInputs(new FakeObjectStore(), 's3://team')],
];

describe.each(homes)('inputs kept in %s', (_, open) => {
  function setup(): { kept: KeptInputs; vault: ContentStore; here: DirectoryInputs; folder: string } {
    const { root } = projectOf();
    const folder = join(root, 'vault');
    for (const input of inputs) plant(folder, input.sha256, contentOf(input));
    return { kept: open(root), vault: new ContentStore(folder), here: new DirectoryInputs(folder), folder };
  }

  it('are pushed once, read again there, and come back as they were', async () => {
    const { kept, vault, here } = setup();
    const plan = planMove(inputs, await here.list(), await kept.list());
    expect(plan).toMatchObject({ present: 0, lacking: [], bytes: 36 });
    const reports: FetchProgress[] = [];
    await push(vault, kept, plan, new FakeClock(), (progress) => reports.push(progress));
    expect(reports.at(-1)).toMatchObject({ done: 3, total: 3, bytes: 36, totalBytes: 36 });
    expect(planMove(inputs, await here.list(), await kept.list())).toMatchObject({ move: [], present: 3 });

    for (const { sha256 } of inputs) await vault.remove(sha256);
    const back = planMove(inputs, await kept.list(), await here.list());
    await pull(kept, vault, back, new FakeClock(), silent);
    expect(inputs.map(({ sha256 }) => readFileSync(vault.path(sha256), 'utf8'))).toEqual(
      inputs.map(contentOf),
    );
  });

  it('are pushed on from where a push was cut short', async () => {
    const { kept, vault, here } = setup();
    const [first] = inputs;
    await kept.put(first?.sha256 ?? '', vault.path(first?.sha256 ?? ''));
    const plan = planMove(inputs, await here.list(), await kept.list());
    expect(plan.move.map(({ name }) => name)).toEqual(['org.example:b', 'org.example:c']);
  });

  it('never take a damaged file of the vault', async () => {
    const { kept, vault, here, folder } = setup();
    plant(folder, inputs[1]?.sha256 ?? '', 'CONTENT of b');
    const plan = planMove(inputs, await here.list(), await kept.list());
    const error = await refusal(() => push(vault, kept, plan, new FakeClock(), silent));
    expect(error).toMatchObject({ code: 'wrong-content' });
    expect(await kept.size(inputs[1]?.sha256 ?? '')).toBeUndefined();
  });

  it('are named when neither end has them', async () => {
    const { kept, here } = setup();
    const plan = planMove([...inputs, jar('z', 'lost')], await here.list(), await kept.list());
    expect(
      await refusal(() => {
        requireAll(plan, 'the vault', 'kiln vault fetch');
      }),
    ).toMatchObject({ code: 'inputs-lacking', exitCode: 1, faults: [{ where: 'maven org.example:z 1.0' }] });
  });
});

test('verify reads every byte: one that differs in a file of the right size is found', async () => {
  const { root } = projectOf();
  for (const input of inputs) plant(root, input.sha256, contentOf(input));
  plant(root, inputs[2]?.sha256 ?? '', 'content of C');
  const found = await findDamaged(new DirectoryInputs(root), new FakeClock(), silent);
  expect(found).toEqual({ checked: 3, bytes: 36, damaged: [inputs[2]?.sha256] });
});

test('a bucket hands out no damaged input, whoever wrote it', async () => {
  const { root } = projectOf();
  const bucket = new FakeObjectStore();
  const [input] = inputs as [Input];
  await bucket.put(`inputs/${input.sha256.slice(0, 2)}/${input.sha256}`, Buffer.from('CONTENT of a'));
  const kept = new BucketInputs(bucket, 's3://team');
  const vault = new ContentStore(join(root, 'vault'));
  const plan = planMove([input], await kept.list(), new Map());
  expect(await refusal(() => pull(kept, vault, plan, new FakeClock(), silent))).toMatchObject({
    code: 'wrong-content',
  });
  expect(vault.list()).toEqual([]);
  expect(readdirSync(join(root, 'vault', 'tmp'))).toEqual([]);
});

test('gc removes what no lock names, and nothing else, whatever there is', () => {
  const names = fc.uniqueArray(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 30 });
  fc.assert(
    fc.property(names, fc.array(names, { maxLength: 4 }), (all, locks) => {
      const lockOf = (name: string): Input => ({ ...jar('a', 'a'), sha256: name });
      const plan = planCollect(
        new Map(all.map((name) => [name, 2])),
        locks.map((list) => ({ inputs: list.map(lockOf) })),
      );
      const reached = new Set(locks.flat());
      expect([...plan.remove].sort()).toEqual(all.filter((name) => !reached.has(name)).sort());
      expect(plan.bytes).toBe(2 * plan.remove.length);
      expect(plan.keep + plan.remove.length).toBe(all.length);
    }),
  );
});

describe('the locks that gc goes by', () => {
  const choice = { value: 'x', reason: 'a test' };
  const kinds = ['spark', 'debian', 'java', 'scala', 'python', 'hadoop', 'sdk', 'committer'];
  const text = JSON.stringify({
    version: 1,
    image: 'spark-node',
    spec: `sha256:${'0'.repeat(64)}`,
    epoch: 1,
    choices: Object.fromEntries(kinds.map((kind) => [kind, choice])),
    inputs: [inputs[0]],
  });

  it("are the project's and that of every image", () => {
    const { root } = projectOf({
      'factory.lock.json': text,
      [`images/${'a'.repeat(64)}/factory.lock.json`]: text,
    });
    const found = knownLocks([join(root, 'factory.lock.json')], [join(root, 'images'), join(root, 'none')]);
    expect(found.map(({ lock }) => lock.inputs[0]?.name)).toEqual(['org.example:a', 'org.example:a']);
  });

  it('must all be known: an image without its lock stops it', async () => {
    const { root } = projectOf({ 'factory.lock.json': text });
    const image = join(root, 'images', 'b'.repeat(64), 'record.json');
    mkdirSync(dirname(image), { recursive: true });
    writeFileSync(image, '{}');
    const error = await refusal(() =>
      knownLocks([join(root, 'factory.lock.json'), join(root, 'other.json')], [join(root, 'images')]),
    );
    expect(error).toMatchObject({ code: 'lock-unknown', exitCode: 1 });
    expect(error.faults.map(({ where }) => where)).toEqual([join(root, 'other.json'), dirname(image)]);
  });
});
