import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { FakeAws, FakeCaller, type FakeAwsOptions } from '../../../../factory/publish/aws/api/aws-fake';
import { FakeEbs } from '../../../../factory/publish/aws/api/ebs-fake';
import { FakeEc2Images } from '../../../../factory/publish/aws/api/ec2-images-fake';
import { FakePause } from '../../../../factory/ports/machine/pause-fake';
import { EBS_BLOCK } from '../../../../factory/publish/aws/api/ebs';
import { connectionTo } from '../../../../factory/publish/aws/connection';
import type { Effects } from '../../../../factory/publish/aws/effects';
import type { PublishEvent } from '../../../../factory/publish/event';
import type { Connection, Place, Request, Withdrawal } from '../../../../factory/publish/platform';
import type { Asked } from '../../../../factory/publish/aws/request';
import type { Arrived } from '../../../../factory/publish/aws/apply/into-region';
import { planPublish, type Planned } from '../../../../factory/publish/aws/plan/plan-publish';
import { publish } from '../../../../factory/publish/aws/apply/publish';
import { findImage } from '../../../../factory/registry/find-image';
import { readCatalogue } from '../../../../factory/registry/catalogue';
import { storeBake } from '../../../../factory/registry/store-bake';
import { DirectoryHome } from '../../../../factory/registry/directory';
import { appendMove } from '../../../../factory/registry/move';
import { recordOf } from '../../registry/support';

export const REGION = 'eu-central-1';
export const KEY = `arn:aws:kms:${REGION}:111122223333:key/1234abcd`;

/** A disk in words: a letter a block, `.` for zeros. */
export function diskOf(letters: string): Buffer {
  return Buffer.concat(
    Array.from(letters).map((letter) => Buffer.alloc(EBS_BLOCK, letter === '.' ? 0 : letter)),
  );
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs that may have been killed: they hold the disk and the journal open. */
const runs: { readonly caller: FakeCaller; readonly ended: Promise<unknown> }[] = [];
afterEach(async () => {
  for (const { caller, ended } of runs.splice(0)) {
    caller.bury();
    await ended.catch(() => undefined);
  }
});

/** In memory where that can be: every document of a registry is synced to the disk, hundreds in a property test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kiln-publish-'));
  made.push(folder);
  return folder;
}

/** What of a plan's request differs from the common one. */
export type Change = Partial<Asked> & { readonly parallel?: number };

/** A project with a registry, and an account at AWS. */
export class World {
  readonly root = newFolder();
  readonly pause = new FakePause(Date.parse('2026-11-22T12:00:00Z'));
  readonly aws: FakeAws;
  readonly home = new DirectoryHome(join(this.root, '.kiln', 'registry'));
  readonly events: PublishEvent[] = [];
  private entries = new Map<string, number>();

  constructor(options: FakeAwsOptions = {}) {
    this.aws = new FakeAws({ clock: this.pause, ...options });
  }

  get bakes(): string {
    return join(this.root, '.kiln', 'images');
  }

  /** A bake of this disk, stored. @returns its digest. */
  async store(disk: Buffer): Promise<string> {
    await this.home.init();
    const digest = `sha256:${createHash('sha256').update(disk).digest('hex')}`;
    const folder = join(this.bakes, digest.slice(7));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'image.raw'), disk);
    writeFileSync(join(folder, 'record.json'), JSON.stringify(recordOf('x', { digest, size: disk.length })));
    await storeBake(this.home, findImage(await this.catalogue(), digest));
    return digest;
  }

  async promote(digest: string, channel = 'production'): Promise<void> {
    const seen = this.entries.get(channel) ?? 0;
    const at = new Date(this.pause.now()).toISOString();
    await appendMove(
      this.home,
      { image: 'spark-node', channel, action: 'promote', digest, by: 'owner@desk', reason: '', at },
      seen,
    );
    this.entries.set(channel, seen + 1);
  }

  catalogue() {
    return readCatalogue(this.home, 'spark-node', this.bakes);
  }

  effects(caller = new FakeCaller()): Effects {
    return {
      ebs: (region) => new FakeEbs(this.aws, region, caller),
      images: (region) => new FakeEc2Images(this.aws, region, caller),
      pause: this.pause,
      report: (event) => {
        this.events.push(event);
      },
    };
  }

  /** What is withdrawn with the platform's own words. */
  connection(): Pick<Connection<Request, Withdrawal>, 'withdraw'> {
    return connectionTo(this.effects());
  }

  async place(): Promise<Place> {
    return {
      home: this.home,
      catalogue: await this.catalogue(),
      state: join(this.root, '.kiln'),
      cache: join(this.root, 'cache'),
    };
  }

  async plan(digest: string, change: Change = {}, caller?: FakeCaller): Promise<Planned> {
    const place = await this.place();
    return await planPublish(this.effects(caller), place, findImage(place.catalogue, digest), {
      regions: [REGION],
      share: [],
      kmsKeys: new Map(),
      whole: false,
      verify: false,
      deprecate: true,
      ...change,
    });
  }

  /** Plans and publishes. */
  async publish(digest: string, change: Change = {}, caller?: FakeCaller): Promise<readonly Arrived[]> {
    const planned = await this.plan(digest, change, caller);
    return await this.apply(planned, change, caller);
  }

  async apply(planned: Planned, change: Change = {}, caller?: FakeCaller): Promise<readonly Arrived[]> {
    this.pause.advance(1000);
    return await publish(this.effects(caller), await this.place(), planned, {
      by: 'owner@desk',
      parallel: change.parallel ?? 8,
    });
  }

  /** The same, unless the account's injected faults kill it: then undefined. */
  async publishUnlessKilled(digest: string, change: Change = {}): Promise<readonly Arrived[] | undefined> {
    const caller = new FakeCaller();
    const ended = this.publish(digest, change, caller);
    runs.push({ caller, ended });
    return await Promise.race([ended, caller.killed.then(() => undefined)]);
  }

  /** The same, killed as often as the account's injected faults say, until a run gets through. */
  async publishThroughKills(
    digest: string,
    change: Change = {},
  ): Promise<{ arrived: readonly Arrived[]; kills: number }> {
    for (let kills = 0; ; kills += 1) {
      const arrived = await this.publishUnlessKilled(digest, change);
      if (arrived !== undefined) return { arrived, kills };
    }
  }

  /** What a volume of the AMI has where the disk is, and then. */
  volumeDiffers(snapshot: string, disk: Buffer): readonly number[] {
    const size = this.aws.snapshots.get(snapshot)?.volumeSize ?? 0;
    const count = (size * 1024 ** 3) / EBS_BLOCK;
    const zeros = Buffer.alloc(EBS_BLOCK);
    return Array.from({ length: count }, (_, index) => index).filter((index) => {
      const part = disk.subarray(index * EBS_BLOCK, (index + 1) * EBS_BLOCK);
      const there = this.aws.volumeBlock(snapshot, index);
      if (part.length === 0) return there[0] !== 0 || !there.equals(zeros);
      return !there.equals(Buffer.concat([part, zeros.subarray(part.length)]));
    });
  }

  /** Snapshots that no AMI has. */
  get orphans(): readonly string[] {
    const used = new Set([...this.aws.images.values()].map(({ snapshot }) => snapshot));
    return [...this.aws.snapshots.keys()].filter((id) => !used.has(id));
  }
}
