import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { KilnError } from '../../errors';
import type { ObjectBody, ObjectInfo, ObjectStore } from './object-store';

interface Stored {
  readonly content: Buffer;
  readonly modified: number;
}

/** What goes wrong with one `create`: before it reached the store, after, or with another writer's there. */
export type Trouble = 'lost request' | 'lost answer' | 'conflict';

/** A bucket in memory that behaves like a real one (test/factory/store/object-store-contract.ts). */
export class FakeObjectStore implements ObjectStore {
  readonly #objects = new Map<string, Stored>();
  /** What the next `create`s run into, in order. */
  readonly troubles: Trouble[] = [];

  /**
   * @param options ignoresCondition: like a versioned bucket of a Ceph RGW, `create` replaces.
   *   now: the store's clock.
   */
  constructor(
    private readonly options: { readonly ignoresCondition?: boolean; readonly now?: () => number } = {},
  ) {}

  #set(key: string, content: Buffer): void {
    this.#objects.set(key, { content, modified: (this.options.now ?? Date.now)() });
  }

  async put(key: string, body: ObjectBody): Promise<void> {
    this.#set(key, body instanceof Uint8Array ? Buffer.from(body) : await readFile(body.file));
  }

  create(key: string, body: Uint8Array): Promise<boolean> {
    const trouble = this.troubles.shift();
    const failed = (what: string): KilnError => new KilnError({ code: 'store-unreachable', what });
    if (trouble === 'lost request') return Promise.reject(failed('the connection was refused'));
    if (trouble === 'conflict') {
      return Promise.reject(
        new KilnError({ code: 'store-conflict', what: '409 ConditionalRequestConflict' }),
      );
    }
    if (this.options.ignoresCondition !== true && this.#objects.has(key)) return Promise.resolve(false);
    this.#set(key, Buffer.from(body));
    return trouble === 'lost answer'
      ? Promise.reject(failed('no answer within 120 s'))
      : Promise.resolve(true);
  }

  async get(key: string): Promise<Readable> {
    const found = this.#objects.get(key);
    if (found === undefined) {
      return Promise.reject(new KilnError({ code: 'object-missing', what: `there is no object ${key}` }));
    }
    return Promise.resolve(Readable.from([Buffer.from(found.content)]));
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = this.#objects.get(key);
    return Promise.resolve(
      found === undefined ? undefined : { key, size: found.content.length, modified: found.modified },
    );
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix));
    keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const key of keys) {
      const info = await this.head(key);
      if (info !== undefined) yield info;
    }
  }

  async remove(key: string): Promise<void> {
    this.#objects.delete(key);
    return Promise.resolve();
  }
}
