import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, relativePath } from '../../../factory/store/address';

describe('an object address', () => {
  it.each([
    ['s3://flights', { bucket: 'flights', key: '' }],
    ['s3://flights/', { bucket: 'flights', key: '' }],
    ['s3://flights/raw/', { bucket: 'flights', key: 'raw/' }],
    ['s3://fl-1.x/a b/c.csv', { bucket: 'fl-1.x', key: 'a b/c.csv' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  it.each([
    'flights/raw',
    's3:/flights',
    's3://',
    's3://F/raw',
    's3://a',
    's3a://flights/raw',
    ' s3://flights',
  ])('refuses %s as wrong use', (text) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({ code: 'bad-address', exitCode: 2 }) as Error,
    );
  });

  it('puts every object below the folder, or refuses', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b.c', '..', '.', '', 'ü')), (parts) => {
        const key = `p/${parts.join('/')}`;
        let path: string;
        try {
          path = relativePath('p/', key);
        } catch (error) {
          expect(error).toMatchObject({ code: 'unsafe-key' });
          return;
        }
        expect(`p/${path}`).toBe(key);
        expect(path.startsWith('/')).toBe(false);
        expect(path.split('/')).not.toContain('..');
      }),
    );
  });
});
