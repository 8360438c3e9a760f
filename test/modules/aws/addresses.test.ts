import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostOf, isUsable, prefixOf, subnetOf, usableIn } from '../../../modules/aws/addresses';

describe('addresses', () => {
  it.each([
    ['10.64.0.0/16', 4, 0, '10.64.0.0/20'],
    ['10.64.0.0/16', 4, 15, '10.64.240.0/20'],
    ['192.168.8.0/24', 4, 3, '192.168.8.48/28'],
    ['0.0.0.0/0', 1, 1, '128.0.0.0/1'],
  ])('of %s with %i more bits, number %i is %s', (cidr, bits, index, expected) => {
    expect(subnetOf(cidr, bits, index)).toBe(expected);
  });

  it.each(['10.0.0.1/16', '10.0.0.0', '10.0.0.0/33', '300.0.0.0/8', 'x', ''])('%s is no block', (cidr) => {
    expect(prefixOf(cidr)).toBeUndefined();
  });

  it('keep the five that AWS keeps of every subnet', () => {
    const free = Array.from({ length: 16 }, (_, nth) => hostOf('10.0.0.0/28', nth)).filter((host) =>
      isUsable('10.0.0.0/28', host),
    );
    expect(free).toHaveLength(usableIn('10.0.0.0/28'));
    expect([free[0], free.at(-1)]).toEqual(['10.0.0.4', '10.0.0.14']);
  });

  it('of subnets never overlap and lie in their block', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16, max: 24 }),
        fc.nat(15),
        fc.nat(15),
        fc.nat(15),
        (prefix, net, a, b) => {
          const cidr = `10.${net}.0.0/${prefix}`;
          const one = subnetOf(cidr, 4, a);
          expect(prefixOf(one)).toBe(prefix + 4);
          expect(isUsable(cidr, hostOf(one, 5))).toBe(true);
          expect(isUsable(subnetOf(cidr, 4, b), hostOf(one, 5))).toBe(a === b);
        },
      ),
    );
  });
});
