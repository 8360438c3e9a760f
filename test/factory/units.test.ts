import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize } from '../../factory/units';

const [KIB, MIB, GIB] = [1024, 1024 ** 2, 1024 ** 3];
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

describe('a size', () => {
  it.each<[number, string]>([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [KIB, '1.0 KiB'],
    [1.5 * KIB, '1.5 KiB'],
    [9.94 * KIB, '9.9 KiB'],
    [9.96 * KIB, '10 KiB'],
    [23.4 * MIB, '23 MiB'],
    [612.3 * MIB, '612 MiB'],
    [1023.4 * MIB, '1023 MiB'],
    [1023.6 * MIB, '1.0 GiB'],
    [3_060_793_344, '2.9 GiB'],
    [15 * 1024 * GIB, '15 TiB'],
    [8 * 1024 ** 2 * GIB, '8.0 PiB'],
    [8000 * 1024 ** 2 * GIB, '8000 PiB'],
  ])('of %d bytes reads %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it('is never off by more than a twentieth, and has at least two digits from 10 bytes up', () => {
    const factor = { B: 1, KiB: KIB, MiB: MIB, GiB: GIB, TiB: 1024 * GIB, PiB: 1024 * 1024 * GIB };
    fc.assert(
      fc.property(fc.integer({ min: 10, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [number = '', unit = ''] = formatSize(bytes).split(' ');
        const told = Number(number) * factor[unit as keyof typeof factor];
        expect(Math.abs(told - bytes) / bytes).toBeLessThan(0.05);
        expect(number.replace('.', '').length).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe('a duration', () => {
  it.each<[number, string]>([
    [0, '0 ms'],
    [340.4, '340 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [6.34 * SECOND, '6.3 s'],
    [9.96 * SECOND, '10 s'],
    [42.4 * SECOND, '42 s'],
    [59.6 * SECOND, '1 min'],
    [125 * SECOND, '2 min 5 s'],
    [59.995 * MINUTE, '1 h'],
    [72 * MINUTE, '1 h 12 min'],
    [47 * HOUR, '47 h'],
    [3 * DAY + 4 * HOUR, '3 d 4 h'],
  ])('of %d ms reads %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('never names 60 of a unit of 60', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 * DAY }), (milliseconds) => {
        expect(formatDuration(milliseconds)).not.toMatch(/\b60 (s|min)\b/);
      }),
    );
  });
});
