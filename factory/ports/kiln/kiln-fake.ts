import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KilnError } from '../../errors';
import type { Kiln, KilnOptions } from './kiln';

/** What does not hold in it. */
export interface FakeKilnFaults {
  /** The word of a command that ends with this error. */
  readonly fails?: Readonly<Record<string, KilnError>>;
  /** Proofs that say no. */
  readonly refuses?: readonly ('verify' | 'reproduce')[];
  /** Channels whose gate does not hold. */
  readonly closed?: readonly string[];
}

interface Made {
  readonly digest: string;
  readonly size: number;
}

/**
 * kiln's commands without their work: a lock gives one image, each time the same; proofs are kept by image; a
 * channel takes an image as `kiln promote` does. What it was not asked for it does not have.
 */
export class FakeKiln implements Kiln {
  /** Words of every command, in order. */
  readonly commands: string[] = [];
  readonly images = new Map<string, Made>();
  /** Channel -> images, oldest first. */
  readonly channels = new Map<string, string[]>();
  faults: FakeKilnFaults = {};

  /** @param moment called before and after each change: a test may end the caller there. */
  constructor(private readonly moment: () => void = () => undefined) {}

  run(words: readonly string[], options: KilnOptions = {}): ReturnType<Kiln['run']> {
    return Promise.resolve().then(() => {
      this.commands.push(words.join(' '));
      const [command = '', ...rest] = words;
      const error = this.faults.fails?.[command];
      if (error !== undefined) throw error;
      this.moment();
      options.onLine?.(`${command} is at work`);
      const answer = this.answer(command, rest);
      this.moment();
      return answer;
    });
  }

  private answer(command: string, words: readonly string[]): { code: 0 | 1; answer: unknown } {
    switch (command) {
      case 'bake':
        return this.bake(words[1] ?? '');
      case 'verify':
      case 'reproduce':
        return this.proof(command, words[0] ?? '');
      case 'promote':
        return this.promote(words[0] ?? '', words[1] ?? '');
      default:
        throw new Error(`the test did not expect kiln ${command}`);
    }
  }

  private bake(lock: string): { code: 0; answer: unknown } {
    const text = readFileSync(lock, 'utf8');
    const digest = `sha256:${createHash('sha256').update(`image of ${text}`).digest('hex')}`;
    const made = { digest, size: 1_000_000 + text.length };
    const baked = !this.images.has(digest);
    this.images.set(digest, made);
    const step = { event: 'done', step: 'os', cached: !baked, milliseconds: 12, bytes: 34 };
    return { code: 0, answer: { ...made, folder: '/images', baked, steps: [step] } };
  }

  private known(digest: string): void {
    if (!this.images.has(digest)) throw new KilnError({ code: 'unknown-image', what: `no image ${digest}` });
  }

  private proof(kind: 'verify' | 'reproduce', digest: string): { code: 0 | 1; answer: unknown } {
    this.known(digest);
    const ok = this.faults.refuses?.includes(kind) !== true;
    const code = ok ? 0 : 1;
    if (kind === 'verify')
      return {
        code,
        answer: { ok, checks: [{ name: 'boots', ok, detail: ok ? 'in 60 s' : 'it panicked' }] },
      };
    const layers = [{ name: 'os', same: ok, entries: 3, differences: ok ? [] : ['/etc/x'] }];
    return { code, answer: { digest, again: ok ? digest : `sha256:${'0'.repeat(64)}`, same: ok, layers } };
  }

  private promote(digest: string, channel: string): { code: 0 | 1; answer: unknown } {
    this.known(digest);
    const log = this.channels.get(channel) ?? [];
    const from = log.at(-1);
    const holds = this.faults.closed?.includes(channel) !== true;
    const moves = from !== digest;
    const gates = [{ kind: 'verified', holds, detail: holds ? 'booted' : 'was never booted' }];
    const applied = holds && moves;
    if (applied) this.channels.set(channel, [...log, digest]);
    return { code: holds ? 0 : 1, answer: { plan: { from, moves, gates }, allowed: holds, applied } };
  }
}
