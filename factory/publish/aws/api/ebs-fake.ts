import { createHash } from 'node:crypto';
import { AwsError } from './aws-error';
import { FakeCaller, type FakeAws, type FakeSnapshot } from './aws-fake';
import {
  EBS_BLOCK,
  type BlockPage,
  type EbsDirect,
  type SnapshotBlock,
  type SnapshotStart,
  type StartedSnapshot,
} from './ebs';

const invalid = (message: string, reason = 'INVALID_PARAMETER_VALUE'): AwsError =>
  new AwsError('ValidationException', message, 400, reason);
const missing = (id: string): AwsError =>
  new AwsError('ResourceNotFoundException', `The snapshot ${id} does not exist`, 404, 'SNAPSHOT_NOT_FOUND');

const base64Sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('base64');
const BLOCKS_OF_GIB = 2048;
const DEFAULT_KEY = 'key/00000000-0000-0000-0000-00000000ebs0';

/** What PutSnapshotBlock carries beside the block. */
export interface PutHeaders {
  readonly algorithm: string;
  readonly length: number;
}

export interface CompleteHeaders {
  readonly algorithm: string | undefined;
  readonly aggregation: string | undefined;
}

/** EBS direct in one region of a FakeAws, every rule of its reference applied. */
export class FakeEbs implements EbsDirect {
  constructor(
    private readonly aws: FakeAws,
    private readonly region: string,
    private readonly caller = new FakeCaller(),
  ) {}

  start(request: SnapshotStart): Promise<StartedSnapshot> {
    return this.startAs({ ...request, encrypted: request.kmsKey === undefined ? undefined : true });
  }

  startAs(request: SnapshotStart & { readonly encrypted: boolean | undefined }): Promise<StartedSnapshot> {
    return this.aws.call(this.caller, this.called('StartSnapshot'), () => this.started(request));
  }

  static checksum(data: Uint8Array): string {
    return base64Sha256(data);
  }

  put(snapshot: string, block: SnapshotBlock): Promise<void> {
    return this.putAs(snapshot, block, { algorithm: 'SHA256', length: block.data.length });
  }

  putAs(snapshot: string, block: SnapshotBlock, headers: PutHeaders): Promise<void> {
    return this.aws.call(
      this.caller,
      { ...this.called('PutSnapshotBlock'), index: block.index },
      () => {
        this.written(snapshot, block, headers);
      },
      () => this.aws.snapshots.get(snapshot)?.answered.add(block.index),
    );
  }

  complete(snapshot: string, written: { count: number; checksum: string }): Promise<void> {
    return this.completeAs(snapshot, written, { algorithm: 'SHA256', aggregation: 'LINEAR' });
  }

  completeAs(
    snapshot: string,
    written: { count: number; checksum: string | undefined },
    headers: CompleteHeaders,
  ): Promise<void> {
    return this.aws.call(this.caller, this.called('CompleteSnapshot'), () => {
      this.sealed(snapshot, written, headers);
    });
  }

  list(snapshot: string, next?: string): Promise<BlockPage> {
    return this.aws.call(this.caller, this.called('ListSnapshotBlocks'), () => this.listed(snapshot, next));
  }

  get(snapshot: string, index: number, token: string): Promise<Uint8Array> {
    return this.aws.call(this.caller, { ...this.called('GetSnapshotBlock'), index }, () => {
      const checksum = this.readable(snapshot).blocks.get(index);
      if (checksum === undefined || token !== blockToken(snapshot, index))
        throw invalid('The block token is not valid', 'INVALID_BLOCK_TOKEN');
      return this.aws.store.get(checksum);
    });
  }

  close(): void {
    // Nothing is open.
  }

  private called(operation: string) {
    return { service: 'ebs' as const, operation, region: this.region };
  }

  private known(id: string): FakeSnapshot {
    const snapshot = this.aws.snapshots.get(id);
    if (snapshot?.region !== this.region || snapshot.visibleAt > this.aws.clock.now()) throw missing(id);
    return this.aws.settle(snapshot);
  }

  private readable(id: string): FakeSnapshot {
    const snapshot = this.known(id);
    if (snapshot.state !== 'completed') throw invalid('The snapshot is not completed', 'INVALID_SNAPSHOT_ID');
    return snapshot;
  }

  private started(request: SnapshotStart & { readonly encrypted: boolean | undefined }): StartedSnapshot {
    const { volumeSize, parent, kmsKey, token, tags, timeout, encrypted } = request;
    const remembered = JSON.stringify(request);
    const before = this.aws.tokens.get(`${this.region} ${token}`);
    if (before !== undefined) {
      if (before.request !== remembered)
        throw new AwsError('ConflictException', 'The client token was used with another request', 503);
      return this.answer(this.aws.snapshots.get(before.id) as FakeSnapshot);
    }
    if (token.length === 0 || token.length > 255) throw invalid('The client token has a bad length');
    if (!Number.isInteger(volumeSize) || volumeSize < 1 || volumeSize > 65_536)
      throw invalid('VolumeSize must be from 1 to 65536', 'INVALID_VOLUME_SIZE');
    if (!Number.isInteger(timeout) || timeout < 10 || timeout > 4320)
      throw invalid('Timeout must be from 10 to 4320');
    const keys = Object.keys(tags);
    if (keys.length > 50) throw invalid('At most 50 tags', 'INVALID_TAG');
    for (const [key, value] of Object.entries(tags))
      if (key.length === 0 || key.length > 127 || value.length > 255 || key.startsWith('aws:'))
        throw invalid(`The tag ${key} is not valid`, 'INVALID_TAG');
    const above = parent === undefined ? undefined : this.parent(parent, request);
    if (parent === undefined && kmsKey !== undefined && encrypted !== true)
      throw invalid('KmsKeyArn needs Encrypted', 'INVALID_CUSTOMER_KEY');
    if (kmsKey !== undefined && !kmsKey.startsWith(`arn:aws:kms:${this.region}:`))
      throw invalid('The key is of another region', 'INVALID_CUSTOMER_KEY');
    const pending = [...this.aws.snapshots.values()].filter(
      (each) => this.aws.settle(each).state === 'pending',
    );
    if (pending.length >= (this.aws.options.pendingLimit ?? 100))
      throw new AwsError('ConcurrentLimitExceededException', 'Too many pending snapshots', 400);
    const byDefault = this.aws.options.encryptedByDefault?.includes(this.region) === true;
    const now = this.aws.clock.now();
    const snapshot: FakeSnapshot = {
      id: this.aws.newId('snap'),
      region: this.region,
      state: 'pending',
      message: undefined,
      volumeSize,
      kmsKey:
        above === undefined
          ? (kmsKey ??
            (byDefault ? `arn:aws:kms:${this.region}:${this.aws.account}:${DEFAULT_KEY}` : undefined))
          : above.kmsKey,
      tags: { ...tags },
      startedAt: now,
      timeout: timeout * 60_000,
      lastWrite: now,
      blocks: new Map(above?.blocks),
      puts: new Map(),
      answered: new Set(),
      repeated: 0,
      sealed: false,
      completesAt: 0,
      visibleAt: this.aws.later.visibleAt,
      sharedWith: new Set(),
    };
    this.aws.snapshots.set(snapshot.id, snapshot);
    this.aws.tokens.set(`${this.region} ${token}`, { request: remembered, id: snapshot.id });
    return this.answer(snapshot);
  }

  private parent(id: string, request: SnapshotStart & { encrypted: boolean | undefined }): FakeSnapshot {
    if (request.encrypted !== undefined || request.kmsKey !== undefined)
      throw invalid('ParentSnapshotId excludes Encrypted and KmsKeyArn');
    const parent = this.known(id);
    if (parent.state !== 'completed') throw invalid('The parent is not completed', 'INVALID_SNAPSHOT_ID');
    if (parent.kmsKey === undefined && this.aws.options.encryptedByDefault?.includes(this.region) === true)
      throw invalid('With encryption by default a parent must be encrypted');
    if (request.volumeSize < parent.volumeSize)
      throw invalid('VolumeSize is below the parent’s', 'INVALID_VOLUME_SIZE');
    return parent;
  }

  private answer({ id, kmsKey }: FakeSnapshot): StartedSnapshot {
    return { snapshot: id, blockSize: EBS_BLOCK, account: this.aws.account, kmsKey };
  }

  private written(
    id: string,
    { index, data, checksum }: SnapshotBlock,
    { algorithm, length }: PutHeaders,
  ): void {
    const snapshot = this.known(id);
    if (snapshot.state !== 'pending' || snapshot.sealed)
      throw invalid('The snapshot is not pending', 'INVALID_SNAPSHOT_ID');
    if (algorithm !== 'SHA256') throw invalid('Only SHA256');
    if (length !== EBS_BLOCK || data.length !== EBS_BLOCK)
      throw invalid('DataLength must be 524288', 'INVALID_BLOCK');
    if (!Number.isInteger(index) || index < 0 || index >= snapshot.volumeSize * BLOCKS_OF_GIB)
      throw invalid('The block is not within the volume', 'INVALID_BLOCK');
    if (base64Sha256(data) !== checksum) throw invalid('The checksum is not that of the data');
    this.aws.store.put(checksum, data);
    snapshot.blocks.set(index, checksum);
    if (snapshot.answered.has(index)) snapshot.repeated += 1;
    snapshot.puts.set(index, (snapshot.puts.get(index) ?? 0) + 1);
    snapshot.lastWrite = this.aws.clock.now();
  }

  private sealed(
    id: string,
    { count, checksum }: { count: number; checksum: string | undefined },
    { algorithm, aggregation }: CompleteHeaders,
  ): void {
    const snapshot = this.known(id);
    if (snapshot.state !== 'pending' || snapshot.sealed)
      throw invalid('The snapshot is not pending', 'INVALID_SNAPSHOT_ID');
    if (!Number.isInteger(count) || count < 0) throw invalid('ChangedBlocksCount is not valid');
    if (checksum !== undefined && (algorithm !== 'SHA256' || aggregation !== 'LINEAR'))
      throw invalid('Only SHA256 and LINEAR');
    const indices = [...snapshot.puts.keys()].sort((a, b) => a - b);
    const digests = indices.map((index) => Buffer.from(snapshot.blocks.get(index) as string, 'base64'));
    snapshot.sealed = true;
    snapshot.completesAt = this.aws.later.settledAt;
    const whole = base64Sha256(Buffer.concat(digests));
    if (count !== indices.length || (checksum !== undefined && checksum !== whole)) {
      snapshot.state = 'error';
      snapshot.message = count === indices.length ? 'the checksum differs' : 'the number of blocks differs';
    }
  }

  private listed(id: string, next: string | undefined): BlockPage {
    const snapshot = this.readable(id);
    const page = this.aws.options.page ?? 1000;
    const [of, from, empty] = next === undefined ? [id, '0', 'full'] : next.split(' ');
    const indices = [...snapshot.blocks.keys()].sort((a, b) => a - b);
    const at = Number(from);
    if (of !== id || !Number.isInteger(at))
      throw invalid('The page token is not valid', 'INVALID_PAGE_TOKEN');
    if (empty === 'empty') return { blocks: [], next: `${id} ${String(at)} full` };
    const more = at + page < indices.length;
    return {
      blocks: indices.slice(at, at + page).map((index) => ({ index, token: blockToken(id, index) })),
      next: more ? `${id} ${String(at + page)} ${(at / page) % 2 === 0 ? 'empty' : 'full'}` : undefined,
    };
  }
}

const blockToken = (snapshot: string, index: number): string => `block-${snapshot}-${String(index)}`;
