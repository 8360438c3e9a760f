import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { NodeConfig } from '../../../factory/contracts/node';
import { userData } from '../../../factory/contracts/user-data';

/** Only the text matters here: what a node config may hold is judged before. */
const holding = (text: string): NodeConfig => ({ text }) as unknown as NodeConfig;

const written = (text: string): unknown => {
  const document = parse(userData(holding(text))) as { write_files: [{ content: string }] };
  return JSON.parse(document.write_files[0].content);
};

/** Characters that PyYAML, the reader of cloud-init, refuses or takes for another one. */
const ODD = ['\u007f', '\u0080', '\u0085', '\u2028', '\u2029', '\ufeff', '\ufffe', '\uffff', '\ud800', '😀'];

test.each(ODD)('user data with %j is printable ASCII and reads back as written', (character) => {
  const text = `a${character}b`;
  expect(userData(holding(text))).toMatch(/^[\x20-\x7e\n]*$/);
  expect(written(text)).toEqual({ text });
});

test('user data is printable ASCII and reads back as written for every string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(userData(holding(text))).toMatch(/^[\x20-\x7e\n]*$/);
      expect(written(text)).toEqual({ text });
    }),
  );
});
