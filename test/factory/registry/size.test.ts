import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestEntry } from '../../../factory/contracts/manifest';
import { sizeOf } from '../../../factory/registry/size';

const common = { mode: 0o644, uid: 0, gid: 0, time: 0 };
const file = (path: string, size: number): ManifestEntry => ({
  ...common,
  path,
  type: 'file',
  size,
  sha256: '',
});

describe('where the megabytes of an image are', () => {
  it('tells the folders that matter, the way to them left out, and the largest files', async () => {
    const size = await sizeOf([
      { ...common, path: '', type: 'dir' },
      { ...common, path: 'bin', type: 'link', link: 'usr/bin' },
      file('opt/spark/jars/a.jar', 600),
      file('opt/spark/jars/b.jar', 100),
      file('usr/bin/ls', 200),
      file('usr/lib/libc.so', 95),
      file('etc/passwd', 5),
    ]);
    expect(size.total).toEqual({ path: '/', bytes: 1000, files: 5 });
    expect(size.folders.map(({ path, bytes, files }) => [path, bytes, files])).toEqual([
      ['/opt/spark/jars', 700, 2],
      ['/usr', 295, 2],
      ['/usr/bin', 200, 1],
      ['/usr/lib', 95, 1],
    ]);
    expect(size.largest[0]).toEqual({ path: '/opt/spark/jars/a.jar', bytes: 600, files: 1 });
    expect(size.largest).toHaveLength(5);
  });

  it('has nothing to tell of an empty image', async () => {
    expect(await sizeOf([])).toEqual({ total: { path: '/', bytes: 0, files: 0 }, folders: [], largest: [] });
  });

  it('a folder is as large as what is in it, for any tree', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const files = fc.uniqueArray(
      fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }), size: fc.nat(1000) }),
      { selector: ({ path }) => path.join('/') },
    );
    await fc.assert(
      fc.asyncProperty(files, fc.double({ min: 0, max: 1, noNaN: true }), async (all, share) => {
        const { total, folders } = await sizeOf(
          all.map(({ path, size }) => file(`${path.join('/')}/f`, size)),
          share,
        );
        expect(total.bytes).toBe(all.reduce((sum, { size }) => sum + size, 0));
        for (const { path, bytes } of folders) {
          const inside = all.filter((each) => `/${each.path.join('/')}/`.startsWith(`${path}/`));
          expect(bytes).toBe(inside.reduce((sum, { size }) => sum + size, 0));
          expect(bytes).toBeGreaterThanOrEqual(total.bytes * share);
        }
      }),
    );
  });
});
