import { writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Publication } from '../../../../factory/contracts/publication';
import type { ChannelEntry } from '../../../../factory/contracts/channel';
import type { SnapshotInfo } from '../../../../factory/publish/aws/api/ec2-images';
import { deprecations } from '../../../../factory/publish/aws/plan/deprecation';
import { surveyDisk } from '../../../../factory/publish/aws/plan/disk-blocks';
import { Journal, readJournal } from '../../../../factory/publish/aws/journal';
import { leftovers, type LeftoverQuestion } from '../../../../factory/publish/aws/plan/leftovers';
import { chooseParent, type ParentQuestion } from '../../../../factory/publish/aws/plan/parent';
import { blocksToSend, linearChecksum, volumeSize } from '../../../../factory/publish/aws/plan/plan-blocks';
import { standing } from '../../../../factory/publish/aws/standing';
import { amiName, imageTags } from '../../../../factory/publish/aws/tags';
import { digestOf, recordOf } from '../../registry/support';
import { KEY, REGION, diskOf, newFolder } from './support';

async function blocksOf(letters: string) {
  const path = join(newFolder(), 'disk');
  writeFileSync(path, diskOf(letters));
  return (await surveyDisk(path)).blocks;
}

describe('which blocks are sent', () => {
  it.each([
    ['without a parent, those that are not zero', 'a.b.', undefined, [0, 2]],
    ['upon a parent, those that differ', 'abc', 'abd', [2]],
    ['one that became zero', 'a.c', 'abc', [1]],
    ['one that was zero', 'abc', 'a.c', [1]],
    ['where the disk ends before the parent’s', 'a', 'abc', [1, 2]],
    ['where it goes on behind it', 'abc', 'a', [1, 2]],
    ['nothing, of the same disk', 'a.c', 'a.c', []],
  ])('%s', async (_, disk, parent, send) => {
    const blocks = await blocksOf(disk);
    const below = parent === undefined ? {} : { parent: { blocks: await blocksOf(parent), volumeSize: 1 } };
    expect(blocksToSend({ blocks, volumeSize: 1, encrypted: false, ...below })).toEqual(send);
  });

  it('encrypted, every block of the volume; upon an encrypted parent, what differs and where that ends', async () => {
    const blocks = await blocksOf('a.b');
    const all = Array.from({ length: 2048 }, (_, index) => index);
    expect(blocksToSend({ blocks, volumeSize: 1, encrypted: true })).toEqual(all);
    const parent = { blocks: await blocksOf('a.c'), volumeSize: 1 };
    const larger = blocksToSend({ blocks, volumeSize: 2, encrypted: true, parent });
    expect(larger).toEqual([2, ...all.map((index) => 2048 + index)]);
  });

  it.each([
    [1, 1],
    [2 ** 30, 1],
    [2 ** 30 + 1, 2],
    [5 * 2 ** 30 - 1, 5],
  ])('a disk of %i bytes needs a volume of %i GiB', (bytes, size) => {
    expect(volumeSize(bytes)).toBe(size);
  });

  it('the checksum of all is that of the digests in the order of the blocks', async () => {
    const { createHash } = await import('node:crypto');
    const digest = (letter: string): Buffer => createHash('sha256').update(diskOf(letter)).digest();
    const wanted = createHash('sha256')
      .update(Buffer.concat([digest('b'), digest('.'), digest('a')]))
      .digest('base64');
    expect(linearChecksum(await blocksOf('xb.a'), [1, 2, 3])).toBe(wanted);
  });
});

const at = (minute: number): string =>
  new Date(Date.parse('2026-11-22T12:00:00Z') + minute * 60_000).toISOString();
const published = (disk: string, minute: number, more: object = {}): Publication => ({
  version: 1,
  to: 'aws',
  event: 'published',
  digest: digestOf(disk),
  region: REGION,
  ami: `ami-${Buffer.from(disk).toString('hex')}`,
  by: 'owner@desk',
  at: at(minute),
  account: '111122223333',
  name: 'x',
  image: 'spark-node',
  snapshot: `snap-${Buffer.from(disk).toString('hex')}`,
  volumeSize: 1,
  kmsKey: null,
  origin: { kind: 'found' },
  ...more,
});
const log = (...disks: string[]): ChannelEntry[] =>
  disks.map((disk, index) => ({
    version: 1,
    image: 'spark-node',
    channel: 'production',
    sequence: index + 1,
    action: 'promote',
    digest: digestOf(disk),
    operation: '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10',
    by: 'owner@desk',
    reason: '',
    at: at(index),
  }));
const info = (disk: string, more: Partial<SnapshotInfo> = {}): SnapshotInfo => ({
  snapshot: `snap-${Buffer.from(disk).toString('hex')}`,
  state: 'completed',
  message: undefined,
  kmsKey: undefined,
  volumeSize: 1,
  account: '111122223333',
  startedAt: Date.parse(at(0)),
  tags: {},
  ...more,
});

describe('whose snapshot lies below', () => {
  const question = (change: Partial<ParentQuestion> = {}): ParentQuestion => ({
    digest: digestOf('new'),
    volumeSize: 1,
    logs: new Map([['production', log('a', 'b', 'new')]]),
    standing: standing([published('a', 1), published('b', 2), published('c', 3)]),
    snapshots: [info('a'), info('b'), info('c')],
    kmsKey: undefined,
    encryptedByDefault: false,
    atHand: () => true,
    ...change,
  });
  const chosen = (change: Partial<ParentQuestion> = {}): string => {
    const parent = chooseParent(question(change));
    return typeof parent === 'string' ? parent : parent.digest;
  };

  it.each<[string, Partial<ParentQuestion>, string]>([
    ['what the channel pointed at before', {}, 'b'],
    ['one before that, when its snapshot is gone', { snapshots: [info('a')] }, 'a'],
    ['when it is in error', { snapshots: [info('a'), info('b', { state: 'error' })] }, 'a'],
    ['when its volume is larger', { snapshots: [info('a'), info('b', { volumeSize: 2 })] }, 'a'],
    ['when its disk is not here', { atHand: (digest) => digest !== digestOf('b') }, 'a'],
    [
      'when its key is not the one asked for',
      { kmsKey: KEY, snapshots: [info('a', { kmsKey: KEY }), info('b')] },
      'a',
    ],
    [
      'when it is not encrypted and the account wants that',
      { encryptedByDefault: true, snapshots: [info('a', { kmsKey: KEY }), info('b')] },
      'a',
    ],
    [
      'when it is encrypted and nobody asked for that',
      { snapshots: [info('a'), info('b', { kmsKey: KEY })] },
      'a',
    ],
    [
      'what another channel points at, of an image in none',
      { logs: new Map([['production', log('a')]]) },
      'a',
    ],
    ['else what was published last', { logs: new Map() }, 'c'],
  ])('%s', (_, change, disk) => {
    expect(chosen(change)).toBe(digestOf(disk));
  });

  it('says why there is none', () => {
    expect(chosen({ standing: [] })).toBe('no earlier image is published there');
    expect(chosen({ snapshots: [] })).toMatch(/^sha256:.* has no completed snapshot there any more$/);
  });
});

describe('what runs that did not end left', () => {
  const tags = (disk: string, publisher = 'me'): Record<string, string> => ({
    'kiln:upload': 'token',
    'kiln:digest': digestOf(disk),
    'kiln:publisher': publisher,
  });
  const question = (snapshot: SnapshotInfo, change: Partial<LeftoverQuestion> = {}): LeftoverQuestion => ({
    digest: digestOf('new'),
    publisher: 'me',
    now: Date.parse(at(30)),
    snapshots: [snapshot],
    images: [],
    resumable: undefined,
    adoptable: true,
    kmsKey: undefined,
    encryptedByDefault: false,
    ...change,
  });

  it.each<[string, SnapshotInfo, Partial<LeftoverQuestion>, string | undefined]>([
    ['one that AWS cancelled goes', info('a', { state: 'error', tags: tags('new') }), {}, 'delete'],
    [
      'one whose journal is here goes on',
      info('a', { state: 'pending', tags: tags('new') }),
      { resumable: info('a').snapshot },
      'resume',
    ],
    [
      'without a journal nobody knows its blocks',
      info('a', { state: 'pending', tags: tags('new') }),
      {},
      'delete',
    ],
    ['a whole one of this image becomes the AMI', info('a', { tags: tags('new') }), {}, 'adopt'],
    ['not where a copy is made', info('a', { tags: tags('new') }), { adoptable: false }, 'delete'],
    ['not with another key', info('a', { tags: tags('new') }), { kmsKey: KEY }, 'delete'],
    ['another image’s goes', info('a', { tags: tags('old') }), {}, 'delete'],
    [
      'another host’s stays while it can be at work',
      info('a', { state: 'pending', tags: tags('new', 'other') }),
      {},
      'leave',
    ],
    [
      'and goes after two hours',
      info('a', { state: 'pending', tags: tags('new', 'other') }),
      { now: Date.parse(at(121)) },
      'delete',
    ],
    ['what no upload made is not looked at', info('a', { tags: {} }), {}, undefined],
  ])('%s', (_, snapshot, change, action) => {
    expect(leftovers(question(snapshot, change))[0]?.action).toBe(action);
  });

  it('an AMI’s snapshot is none', () => {
    const image = { snapshot: info('a').snapshot } as LeftoverQuestion['images'][number];
    expect(leftovers(question(info('a', { tags: tags('new') }), { images: [image] }))).toEqual([]);
  });
});

describe('AMIs go with the channels', () => {
  const now = Date.parse(at(60));
  const ask = (publications: Publication[], ...disks: string[]) =>
    deprecations(standing(publications), new Map([['production', log(...disks)]]), now).map(
      ({ digest, from }) => [digest, from],
    );
  const deprecated = (disk: string, from: string | null): Publication => ({
    version: 1,
    to: 'aws',
    event: 'deprecated',
    digest: digestOf(disk),
    region: REGION,
    ami: `ami-${Buffer.from(disk).toString('hex')}`,
    by: 'owner@desk',
    at: at(30),
    from,
  });

  it('one that a channel pointed at and none does is deprecated', () => {
    expect(ask([published('a', 1), published('b', 2)], 'a', 'b')).toEqual([[digestOf('a'), at(70)]]);
  });

  it('once, and not one that never was in a channel', () => {
    expect(ask([published('a', 1), deprecated('a', at(40)), published('c', 2)], 'a', 'b')).toEqual([]);
  });

  it('one that a channel points at again is listed again', () => {
    expect(ask([published('a', 1), deprecated('a', at(40))], 'b', 'a')).toEqual([[digestOf('a'), undefined]]);
  });
});

describe('the journal', () => {
  const intent = {
    version: 1,
    token: '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10',
    digest: digestOf('a'),
    region: REGION,
    volumeSize: 1,
    parent: null,
    kmsKey: null,
    at: at(0),
  } as const;

  it('says what AWS has, and a line that a kill cut says nothing', () => {
    const path = join(newFolder(), 'j', 'x.journal');
    const journal = Journal.begin(path, intent);
    journal.started('snap-1');
    journal.sent(3);
    journal.sent(14);
    journal.close();
    appendFileSync(path, '15');
    expect(readJournal(path)).toEqual({ intent, snapshot: 'snap-1', sent: new Set([3, 14]) });
    const again = Journal.resume(path);
    again.sent(2);
    again.close();
    expect(readJournal(path)?.sent).toEqual(new Set([3, 14, 2]));
  });

  it.each(['', 'no json\n', '{"version":2}\n'])('is as if it were not there when it is %j', (text) => {
    const path = join(newFolder(), 'x.journal');
    writeFileSync(path, text);
    expect(readJournal(path)).toBeUndefined();
  });
});

it('names and tags are what AWS takes', () => {
  const record = recordOf('a', { image: 'a'.repeat(40) });
  expect(amiName(record)).toMatch(/^[a-z0-9-]{3,128}$/);
  const tags = imageTags(record, digestOf('b'));
  expect(tags).toMatchObject({
    'kiln:digest': record.digest,
    'kiln:parent': digestOf('b'),
    'kiln:spark': '4.1.4',
  });
  for (const value of Object.values(tags)) expect(value.length).toBeLessThanOrEqual(255);
});
