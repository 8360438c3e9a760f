import { createReadStream, existsSync } from 'node:fs';
import { KilnError } from '../../errors';
import { ContentStore } from '../../files/content-store';
import { withLock } from '../../files/lock';
import type { KeptInputs } from './kept-inputs';

/** Inputs in a folder. Copies, not links: what damages the cache must not reach what is kept. */
export class DirectoryInputs implements KeptInputs {
  readonly remote = false;
  private readonly store: ContentStore;

  /** @param where the folder; it is not made before something is kept in it. */
  constructor(readonly where: string) {
    this.store = new ContentStore(where);
  }

  size(sha256: string): Promise<number | undefined> {
    return Promise.resolve(this.store.size(sha256));
  }

  list(): Promise<ReadonlyMap<string, number>> {
    const names = existsSync(this.where) ? this.store.list() : [];
    return Promise.resolve(new Map(names.map((name) => [name, this.store.size(name) ?? 0])));
  }

  open(sha256: string): Promise<AsyncIterable<Uint8Array>> {
    return Promise.resolve(createReadStream(this.store.path(sha256), { highWaterMark: 1 << 20 }));
  }

  async put(sha256: string, file: string): Promise<void> {
    await withLock(this.store.lock, 'keeps an input', async () => {
      this.store.sweep();
      const chunks = createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
      await this.store.add(sha256, chunks, Infinity, (got) => {
        if (got.sha256 !== sha256) throw notThat(file, sha256, got.sha256);
      });
    });
  }

  async remove(sha256: string): Promise<void> {
    await this.store.remove(sha256);
  }
}

export const notThat = (file: string, sha256: string, got: string): KilnError =>
  new KilnError({
    code: 'wrong-content',
    what: `${file} is damaged: its sha256 is ${got}\n  expected ${sha256}`,
    hint: 'nothing of it was kept; kiln vault verify --repair fetches what is damaged again',
  });
