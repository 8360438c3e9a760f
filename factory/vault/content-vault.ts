import { constants, mkdirSync } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { fileName, type Input } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Channels } from '../ports/inputs/channels';
import type { Clock } from '../ports/machine/clock';
import { noSpace, type ContentStore } from '../files/content-store';
import { withLock } from '../files/lock';
import { offline, pinsGone, wrongContent } from './faults';
import type { Judged } from './inspect/judged';
import { Meter } from '../progress';
import type { Sources } from './sources';
import type { EnsureOptions, Vault } from './vault';

/** Downloads at a time: enough to fill a line with small debs, few enough for a public mirror. */
const DOWNLOADS = 6;
/** Questions at a time; they are short. */
const QUESTIONS = 24;
/** Tries when a connection breaks in the middle. */
const TRIES = 3;

const unique = (inputs: readonly Input[]): Input[] => [
  ...new Map(inputs.map((input) => [input.sha256, input])).values(),
];

export class ContentVault implements Vault {
  /** What this process already hashed. */
  private readonly verified = new Set<string>();

  constructor(
    private readonly parts: {
      readonly store: ContentStore;
      readonly sources: Sources;
      readonly channels: Channels;
      readonly clock: Clock;
      readonly judged: Judged;
      /** Nothing that needs a network is among the sources. */
      readonly offline: boolean;
    },
  ) {}

  get judged(): Judged {
    return this.parts.judged;
  }

  path(sha256: string): string {
    return this.parts.store.path(sha256);
  }

  missing(inputs: readonly Input[]): Input[] {
    return unique(inputs).filter((input) => this.parts.store.size(input.sha256) !== input.size);
  }

  async findGone(inputs: readonly Input[]): Promise<void> {
    const missing = this.missing(inputs);
    if (missing.length === 0) return;
    const limit = pLimit(QUESTIONS);
    const gone = await Promise.all(
      missing.map((input) => limit(async () => ((await this.parts.sources.has(input)) ? [] : [input]))),
    );
    if (gone.flat().length > 0) throw this.notHad(gone.flat());
  }

  async ensure(inputs: readonly Input[], options: EnsureOptions = {}): Promise<void> {
    await this.dropSpoiled(inputs);
    if (this.missing(inputs).length === 0) return;
    await withLock(
      this.parts.store.lock,
      'downloads inputs',
      () => this.fetchMissing(inputs, options),
      options.onWait,
    );
  }

  async place(inputs: readonly Input[], folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const limit = pLimit(QUESTIONS);
    await Promise.all(
      inputs.map((input) =>
        limit(async () => {
          const target = join(folder, fileName(input));
          // Another file system, or one without links: a copy serves as well; never over what is there, which may be a
          // link to another file of the vault.
          await link(this.path(input.sha256), target).catch(() =>
            copyFile(this.path(input.sha256), target, constants.COPYFILE_EXCL),
          );
        }),
      ),
    );
  }

  close(): Promise<void> {
    return this.parts.channels.close();
  }

  /** A file that changed after it was verified (a failing disk, a hand) counts as missing. */
  private async dropSpoiled(inputs: readonly Input[]): Promise<void> {
    const { store } = this.parts;
    const limit = pLimit(2);
    const present = unique(inputs).filter(
      (input) => !this.verified.has(input.sha256) && store.size(input.sha256) !== undefined,
    );
    await Promise.all(
      present.map((input) =>
        limit(async () => {
          const right =
            store.size(input.sha256) === input.size && (await store.hash(input.sha256)) === input.sha256;
          if (right) this.verified.add(input.sha256);
          else await store.remove(input.sha256);
        }),
      ),
    );
  }

  private notHad(inputs: readonly Input[]): KilnError {
    return this.parts.offline ? offline(inputs) : pinsGone(inputs);
  }

  /** Runs under the lock: another process may have fetched meanwhile. */
  private async fetchMissing(inputs: readonly Input[], options: EnsureOptions): Promise<void> {
    await this.dropSpoiled(inputs);
    const missing = this.missing(inputs);
    const bytes = missing.reduce((sum, input) => sum + input.size, 0);
    this.parts.store.sweep();
    if ((await this.parts.store.free()) < bytes) throw noSpace(this.path('').replace(/\/+$/, ''));
    const meter = new Meter(this.parts.clock, missing.length, bytes, options.onProgress ?? (() => undefined));
    const limit = pLimit(options.parallel ?? DOWNLOADS);
    const gone: Input[] = [];
    const faults: unknown[] = [];
    await Promise.all(
      missing.map((input) =>
        limit(async () => {
          // After a fault the rest is left out; what is under way ends by itself.
          if (faults.length > 0) return;
          try {
            if (await this.fetch(input, meter, options)) meter.complete();
            else gone.push(input);
          } catch (error) {
            faults.push(error);
          }
        }),
      ),
    );
    if (faults.length > 0) throw faults[0];
    if (gone.length > 0) throw this.notHad(gone);
  }

  /** False: nobody has it any more. */
  private async fetch(input: Input, meter: Meter, options: EnsureOptions): Promise<boolean> {
    const { sources, store } = this.parts;
    for (let attempt = 1; ; attempt += 1) {
      const found = await sources.open(input);
      if (found === undefined) return false;
      const { served, place } = found;
      let counted = 0;
      try {
        await store.add(
          input.sha256,
          served.body(),
          input.size,
          (got) => {
            if (got.size !== input.size || got.sha256 !== input.sha256)
              throw wrongContent(input, served.from, got);
          },
          (count) => {
            counted += count;
            meter.add(count);
          },
        );
        this.verified.add(input.sha256);
        if (!sources.isUsual(place)) options.onFallback?.(input, `${place.name} (${served.from})`);
        return true;
      } catch (error) {
        meter.add(-counted);
        const broken = error instanceof KilnError && error.code === 'unreachable';
        if (!broken || attempt === TRIES) throw error;
      }
    }
  }
}
