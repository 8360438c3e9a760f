import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseClassFile } from '../../../../factory/lock/maven/jar/class-file';
import { classFile } from './jar-maker';

const name = fc.stringMatching(/^[a-z]{1,8}(\/[A-Z][a-z$]{0,8}){1,3}$/);

describe('a class file', () => {
  it('names its format and every class that it refers to, whatever they are called', () => {
    fc.assert(
      fc.property(
        name,
        fc.array(name),
        fc.integer({ min: 8, max: 25 }),
        fc.string(),
        (own, references, java, text) => {
          expect(parseClassFile(classFile(own, { references, java, text }))).toEqual({
            major: 44 + java,
            references: [own, ...references],
          });
        },
      ),
    );
  });

  it('that is cut or is something else is none, and never an error', () => {
    const whole = classFile('org/example/Udf', { references: ['scala/Function1'] });
    for (let length = 0; length < whole.length - 12; length += 1) {
      expect(parseClassFile(whole.subarray(0, length))).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseClassFile(Buffer.concat([Buffer.from([0xca, 0xfe, 0xba, 0xbe]), bytes]));
      }),
    );
  });

  it('does not refer to a class by an array of it', () => {
    expect(parseClassFile(classFile('a/B', { references: ['[Lscala/Gone;'] }))?.references).toEqual(['a/B']);
  });
});
