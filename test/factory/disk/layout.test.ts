import { sealedPartitions } from '../../../factory/disk/seal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootEntry, commandLine } from '../../../factory/disk/esp';
import { derivedUuid, derivedVolumeId } from '../../../factory/disk/identity';
import { identified, layOut, MIB, partitionTable } from '../../../factory/disk/layout';

const content = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);

describe('identities derived from the content', () => {
  it('are UUIDs of version 8, the same for the same content and purpose', () => {
    fc.assert(
      fc.property(content, fc.string(), (id, purpose) => {
        const uuid = derivedUuid(id, purpose);
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(derivedUuid(id, purpose)).toBe(uuid);
        expect(derivedVolumeId(id, purpose)).toMatch(/^[0-9a-f]{8}$/);
      }),
    );
  });

  it('differ with the content and with the purpose', () => {
    fc.assert(
      fc.property(content, content, (one, two) => {
        fc.pre(one !== two);
        expect(derivedUuid(one, 'a')).not.toBe(derivedUuid(two, 'a'));
        expect(derivedUuid(one, 'a')).not.toBe(derivedUuid(one, 'b'));
      }),
    );
  });
});

const UUIDS = { esp: 'E', root: 'R', 'root-verity': 'V', state: 'S' };

describe('the layout of the disk', () => {
  const sizes = fc.tuple(fc.nat(2 ** 34), fc.nat(2 ** 34), fc.nat(2 ** 34)).map(([esp, root, state]) => [
    { name: 'esp' as const, size: esp + 1 },
    { name: 'root' as const, size: root + 1 },
    { name: 'state' as const, size: state + 1 },
  ]);

  it('holds every partition in whole MiB, one after the other, with space for both tables', () => {
    fc.assert(
      fc.property(content, sizes, (id, wanted) => {
        const { spans, size } = layOut(wanted);
        const { partitions } = identified(spans, id, UUIDS);
        let end = MIB;
        for (const [index, partition] of partitions.entries()) {
          expect(partition.start).toBe(end);
          expect(partition.start % MIB).toBe(0);
          expect(partition.size % MIB).toBe(0);
          expect(partition.size).toBeGreaterThanOrEqual(wanted[index]?.size ?? Infinity);
          expect(partition.size - (wanted[index]?.size ?? 0)).toBeLessThan(MIB);
          end = partition.start + partition.size;
        }
        expect(size).toBe(end + MIB);
        expect(partitions.map((p) => p.uuid)).toEqual(['E', 'R', 'S']);
      }),
    );
  });

  it('names the sealed partitions by the two halves of the root hash, where the initrd looks for them', () => {
    expect(sealedPartitions(`${'0123456789abcdef'.repeat(2)}${'f'.repeat(32)}`)).toEqual({
      root: '01234567-89ab-cdef-0123-456789abcdef',
      'root-verity': 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    });
  });

  it('is told to sfdisk in sectors, the root marked read-only', () => {
    const id = `sha256:${'00'.repeat(32)}`;
    const lines = partitionTable(
      identified(
        layOut([
          { name: 'esp', size: 64 * MIB },
          { name: 'root', size: MIB + 1 },
        ]).spans,
        id,
        { ...UUIDS, esp: derivedUuid(id, 'partition esp'), root: derivedUuid(id, 'partition root') },
      ),
    ).split('\n');
    expect(lines[0]).toBe('label: gpt');
    expect(lines[3]).toMatch(
      /^start=2048, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=[0-9A-F-]{36}, name="kiln-esp"$/,
    );
    expect(lines[4]).toMatch(
      /^start=133120, size=4096, type=4F68BCE3-.*, name="kiln-root", attrs="GUID:60"$/,
    );
  });
});

describe('the boot entry', () => {
  it('opens the sealed root read-only, stops at a changed block, and ends with the serial console', () => {
    const words = commandLine('H', 'S').split(' ');
    expect(words).toEqual(
      expect.arrayContaining([
        'roothash=H',
        'systemd.verity_root_options=panic-on-corruption',
        'panic=10',
        'ro',
        'kiln.state=PARTUUID=S',
        'kiln.boots=5',
        'console=tty0',
      ]),
    );
    expect(words.at(-1)).toBe('console=ttyS0,115200');
    expect(bootEntry({ image: 'spark-node', rootHash: 'H', state: 'S' })).toContain('initrd /initrd\n');
  });
});
