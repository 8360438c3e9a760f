import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { KilnError } from '../errors';
import type { ObjectBody, ObjectInfo, ObjectStore } from './object-store';

/** A bucket in memory that behaves like a real one (test/factory/store/object-store-contract.ts). */
export class FakeObjectStore implements ObjectStore {
  readonly #objects = new Map<string, Buffer>();

  async put(key: string, body: ObjectBody): Promise<void> {
    this.#objects.set(key, body instanceof Uint8Array ? Buffer.from(body) : await readFile(body.file));
  }

  async get(key: string): Promise<Readable> {
    const content = this.#objects.get(key);
    if (content === undefined) {
      return Promise.reject(new KilnError({ code: 'object-missing', what: `there is no object ${key}` }));
    }
    return Promise.resolve(Readable.from([Buffer.from(content)]));
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const content = this.#objects.get(key);
    return Promise.resolve(content === undefined ? undefined : { key, size: content.length });
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
