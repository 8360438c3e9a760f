import { expect, test } from 'vitest';
import { isBefore } from '../../factory/versions';

test.each([
  ['20.19.0', '20.19', false],
  ['20.9.0', '20.19', true],
  ['22.1', '20.19.5', false],
  ['20', '20.19', true],
  ['3.9', '3.10', true],
  ['66', '66.0', false],
  ['40.0rc1', '40', false],
])('%s is before %s: %s', (version, bound, expected) => {
  expect(isBefore(version, bound)).toBe(expected);
});
