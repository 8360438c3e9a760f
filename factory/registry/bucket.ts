import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../errors';
import type { ObjectStore } from '../ports/objects/object-store';
import { DOCUMENT_LIMIT, type Kept, type RegistryHome } from './home';
import { MARKER } from './layout';
import { checkMarker, markerText } from './marker';
import { textOf, tooLarge } from './text';

/** Faults after which it is not known whether a create was done: the store is asked again. */
const UNSETTLED = new Set(['store-conflict', 'store-failed', 'store-unreachable']);
/** Milliseconds before each further try of a create; what outlasts them is told. */
const PAUSES = [100, 400, 1600, 5000];

/** Writers of the probe, and how often they race: a store that lets two win does so in nearly every race. */
const PROBE = { writers: 4, races: 3 };
const PROBES = 'probe';

const isMissing = (error: unknown): boolean => error instanceof KilnError && error.code === 'object-missing';

/** A registry in a bucket: the same keys as in a directory. `create` is PUT with If-None-Match: *. */
export class BucketHome implements RegistryHome {
  readonly remote = true;

  /**
   * @param store the bucket, from the registry's prefix on.
   * @param pauses milliseconds before each further try of what did not get an answer.
   */
  constructor(
    private readonly store: ObjectStore,
    readonly where: string,
    private readonly pauses: readonly number[] = PAUSES,
  ) {}

  async exists(): Promise<boolean> {
    const text = await this.read(MARKER);
    if (text !== undefined) checkMarker(this.where, text);
    return text !== undefined;
  }

  async init(): Promise<boolean> {
    if (await this.exists()) return false;
    await this.probe();
    return this.create(MARKER, markerText());
  }

  /** Whether the store honours the condition that every channel rests on; some answer 200 and replace. */
  private async probe(): Promise<void> {
    for (let race = 0; race < PROBE.races; race += 1) {
      const key = `${PROBES}/${randomUUID()}`;
      try {
        const writers = Array.from({ length: PROBE.writers }, () => Buffer.from(randomUUID()));
        const won = await Promise.all(
          writers.map((body) =>
            this.store.create(key, body).catch((error: unknown) => {
              if (error instanceof KilnError && error.code === 'store-conflict') return false;
              throw error;
            }),
          ),
        );
        // One after the others too: with all tries in one instant a store may get it right by chance.
        won.push(await this.store.create(key, Buffer.from('late')));
        const winners = won.filter(Boolean).length;
        if (winners !== 1) throw this.unfit(winners, won.length);
      } finally {
        await this.store.remove(key);
      }
    }
  }

  private unfit(winners: number, writers: number): KilnError {
    return new KilnError({
      code: 'registry-unfit',
      what:
        `${this.where} cannot keep a registry: of ${String(writers)} writers that created one object under the condition ` +
        `that it is not there (If-None-Match: *), ${String(winners)} were answered that they did. Two promotions at once would both believe that they won.`,
      hint:
        'a Ceph RGW ignores the condition in a bucket with versioning, also when that was suspended later: make a bucket that never had it, ' +
        'or name a folder (factory.yaml: registry)',
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    const start = `${folder}/`;
    const names = new Set<string>();
    for await (const { key } of this.store.list(start)) {
      const name = key.slice(start.length).split('/')[0] ?? '';
      if (name !== '') names.add(name);
    }
    return [...names].sort();
  }

  walk(folder: string): AsyncIterable<Kept> {
    return this.store.list(`${folder}/`);
  }

  async read(key: string, limit = DOCUMENT_LIMIT): Promise<string | undefined> {
    const bytes = await this.load(key, limit);
    return bytes === undefined ? undefined : textOf(key, bytes);
  }

  async load(key: string, limit: number): Promise<Buffer | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of await this.store.get(key)) {
          chunks.push(chunk as Buffer);
          size += (chunk as Buffer).length;
          if (size > limit) throw tooLarge(key, limit);
        }
        return Buffer.concat(chunks);
      } catch (error) {
        if (isMissing(error)) return undefined;
        if (error instanceof KilnError && error.code !== 'store-unreachable') throw error;
        // The connection broke on the way, which the client does not try again by itself.
        const pause = this.pauses[attempt];
        if (pause === undefined) throw error;
        await sleep(pause);
      }
    }
  }

  /** Whatever the store answers, what counts is what it then holds: every document is one writer's own. */
  async create(key: string, text: string): Promise<boolean> {
    const body = Buffer.from(text);
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (await this.store.create(key, body)) return true;
      } catch (error) {
        if (!(error instanceof KilnError) || !UNSETTLED.has(error.code)) throw error;
        const pause = this.pauses[attempt];
        if (pause === undefined) throw error;
        await sleep(pause);
      }
      const found = await this.load(key, Math.max(body.length, DOCUMENT_LIMIT));
      if (found !== undefined) return found.equals(body);
      // Neither created nor there: the request was lost, or the object was removed since.
      if (attempt >= this.pauses.length) {
        throw new KilnError({
          code: 'registry-unfit',
          what: `${this.where}: ${key} could neither be created nor read`,
        });
      }
    }
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    await this.store.put(key, content);
  }

  async remove(key: string): Promise<void> {
    await this.store.remove(key);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}
