import { setImmediate } from 'node:timers/promises';
import { AwsError } from './aws-error';
import { BlocksInMemory, type FakeBlocks } from './aws-blocks-fake';
import type { Clock } from '../../../ports/machine/clock';
import { FakeClock } from '../../../ports/machine/clock-fake';
import { EBS_BLOCK } from './ebs';

export interface FakeCall {
  readonly service: 'ebs' | 'ec2';
  /** As the API names it: `PutSnapshotBlock`. */
  readonly operation: string;
  readonly region: string;
  /** Of a block. */
  readonly index?: number;
}

/**
 * What is done to a call: refused for its rate; failed with 500 before it was carried out; carried out and its
 * answer lost; the caller killed before or after it was carried out; any error.
 */
export type Injected = 'throttle' | 'error' | 'lost' | 'kill-before' | 'kill-after' | AwsError | undefined;

export interface FakeSnapshot {
  readonly id: string;
  readonly region: string;
  state: 'pending' | 'completed' | 'error';
  message: string | undefined;
  readonly volumeSize: number;
  readonly kmsKey: string | undefined;
  readonly tags: Record<string, string>;
  readonly startedAt: number;
  /** Milliseconds without a block after which it is cancelled. */
  readonly timeout: number;
  lastWrite: number;
  /** Index -> checksum, the parent's included. */
  readonly blocks: Map<number, string>;
  /** Index -> how often it was sent to this snapshot. */
  readonly puts: Map<number, number>;
  /** Those whose answer reached the sender. */
  readonly answered: Set<number>;
  /** How many were sent again although their answer had arrived. */
  repeated: number;
  sealed: boolean;
  completesAt: number;
  /** From when calls know it. */
  visibleAt: number;
  readonly sharedWith: Set<string>;
}

export interface FakeImage {
  readonly id: string;
  readonly region: string;
  readonly name: string;
  readonly snapshot: string;
  readonly tags: Record<string, string>;
  readonly bootMode: string;
  readonly imdsSupport: string;
  readonly ena: boolean;
  readonly architecture: string;
  readonly volumeType: string;
  readonly availableAt: number;
  visibleAt: number;
  /** How often it is still said to be pending after it was said to be available. */
  flaps: number;
  deprecatedFrom: string | undefined;
  readonly sharedWith: Set<string>;
  looks: number;
}

export interface FakeAwsOptions {
  readonly account?: string;
  readonly clock?: Clock;
  readonly blocks?: FakeBlocks;
  readonly regions?: readonly string[];
  /** Regions whose new snapshots are encrypted unasked. */
  readonly encryptedByDefault?: readonly string[];
  readonly inject?: (call: FakeCall) => Injected;
  /** Milliseconds until a new snapshot or image is known to other calls. */
  readonly visibleAfter?: number;
  /** Milliseconds from CompleteSnapshot to completed, and from RegisterImage or CopyImage to available. */
  readonly settlesAfter?: number;
  /** Times that an available image is said to be pending again. */
  readonly flaps?: number;
  /** Blocks of a page; as the API may, every second page is empty. */
  readonly page?: number;
  /** How many pending snapshots the account may have. */
  readonly pendingLimit?: number;
}

/** Who calls: a process that can be killed, after which none of its calls is carried out or answered. */
export class FakeCaller {
  dead = false;
  readonly killed: Promise<void>;
  /** What calls of a dead caller wait for. */
  readonly silence: Promise<never>;
  private wake: () => void = () => undefined;
  private end: (why: Error) => void = () => undefined;

  constructor() {
    this.killed = new Promise((done) => {
      this.wake = done;
    });
    this.silence = new Promise((_, fail) => {
      this.end = fail;
    });
    // Who was not killed waits for nothing.
    this.silence.catch(() => undefined);
  }

  kill(): void {
    this.dead = true;
    this.wake();
  }

  /**
   * A killed process's files are closed by the kernel; here the code that waits in vain closes them, once its calls
   * fail. It tidies up as well, which no killed process does: only when nothing looks at what it left any more.
   */
  bury(): void {
    this.end(new Error('its caller was killed'));
  }
}

/** What a volume reads as where nobody wrote, and there if it is encrypted. */
const ZEROS = Buffer.alloc(EBS_BLOCK);
const NOISE = Buffer.alloc(EBS_BLOCK, 0xa5);

/** Asked again after time went by. */
const isDead = ({ dead }: FakeCaller): boolean => dead;

/** One account at AWS: EBS direct and the calls about images, as their documentation says they behave. */
export class FakeAws {
  readonly account: string;
  readonly clock: Clock;
  readonly store: FakeBlocks;
  readonly regions: readonly string[];
  readonly snapshots = new Map<string, FakeSnapshot>();
  readonly images = new Map<string, FakeImage>();
  /** Region and token -> what was asked for with it, and what it gave. */
  readonly tokens = new Map<string, { readonly request: string; readonly id: string }>();
  private ids = 0;

  constructor(readonly options: FakeAwsOptions = {}) {
    this.account = options.account ?? '111122223333';
    this.clock = options.clock ?? new FakeClock(Date.parse('2026-11-22T12:00:00Z'));
    this.store = options.blocks ?? new BlocksInMemory();
    this.regions = options.regions ?? ['eu-central-1', 'eu-west-1', 'us-east-1'];
  }

  newId(kind: 'snap' | 'ami'): string {
    this.ids += 1;
    return `${kind}-${this.ids.toString(16).padStart(17, '0')}`;
  }

  get later(): { readonly visibleAt: number; readonly settledAt: number } {
    const now = this.clock.now();
    return {
      visibleAt: now + (this.options.visibleAfter ?? 0),
      settledAt: now + (this.options.settlesAfter ?? 0),
    };
  }

  /** A call from outside: what is injected into it happens here. */
  async call<T>(caller: FakeCaller, call: FakeCall, work: () => T, answered?: () => void): Promise<T> {
    await setImmediate();
    if (isDead(caller)) return await caller.silence;
    if (!this.regions.includes(call.region))
      throw new AwsError('ENOTFOUND', `getaddrinfo ENOTFOUND ${call.service}.${call.region}.amazonaws.com`);
    const injected = this.options.inject?.(call);
    if (injected === 'kill-before') caller.kill();
    if (isDead(caller)) return await caller.silence;
    if (injected instanceof AwsError) throw injected;
    if (injected === 'throttle') throw throttled(call.service);
    if (injected === 'error') throw internal();
    const result = work();
    if (injected === 'kill-after') caller.kill();
    await setImmediate();
    if (isDead(caller)) return await caller.silence;
    if (injected === 'lost') throw internal();
    answered?.();
    return result;
  }

  /** A snapshot as it is now: time may have completed or cancelled it. */
  settle(snapshot: FakeSnapshot): FakeSnapshot {
    const now = this.clock.now();
    if (snapshot.state === 'pending' && snapshot.sealed && now >= snapshot.completesAt)
      snapshot.state = 'completed';
    if (snapshot.state === 'pending' && !snapshot.sealed && now - snapshot.lastWrite > snapshot.timeout) {
      snapshot.state = 'error';
      snapshot.message = 'the snapshot timed out';
    }
    return snapshot;
  }

  /** A block of a volume made of the snapshot: what nobody wrote is zero, or with encryption anything. */
  volumeBlock(id: string, index: number): Buffer {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined) throw new Error(`no snapshot ${id}`);
    const checksum = snapshot.blocks.get(index);
    if (checksum !== undefined) return this.store.get(checksum);
    return snapshot.kmsKey === undefined ? ZEROS : NOISE;
  }
}

const throttled = (service: FakeCall['service']): AwsError =>
  service === 'ebs'
    ? new AwsError(
        'RequestThrottledException',
        'The number of API requests has exceeded the maximum',
        400,
        'ACCOUNT_THROTTLED',
      )
    : new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);

const internal = (): AwsError =>
  new AwsError('InternalServerException', 'An internal error has occurred', 500);
