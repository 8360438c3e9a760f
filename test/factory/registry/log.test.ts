import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelEntry } from '../../../factory/contracts/channel';
import { KilnError } from '../../../factory/errors';
import { entryName, sequenceOf } from '../../../factory/registry/layout';
import { checkLog, headOf, rollbackTarget } from '../../../factory/registry/log';
import { digestOf } from './support';

const entry = (sequence: number, change: Partial<ChannelEntry> = {}): ChannelEntry => ({
  version: 1,
  image: 'spark-node',
  channel: 'production',
  sequence,
  action: 'promote',
  digest: digestOf('a'),
  operation: '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10',
  by: 'owner@desk',
  reason: '',
  at: '2026-11-22T12:30:00Z',
  ...change,
});

const file = (sequence: number, change: object = {}) => ({
  name: entryName(sequence),
  text: JSON.stringify({ ...entry(sequence), ...change }),
});

const faults = (files: readonly { name: string; text: string }[], stored = [digestOf('a')]): string[] => {
  try {
    checkLog('spark-node', 'production', files, (digest) => stored.includes(digest));
    return [];
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    expect(error.code).toBe('registry-damaged');
    return error.faults.map(({ where, what }) => `${where}: ${what}`);
  }
};

const AT = 'channels/spark-node/production';

describe('a channel log', () => {
  it('is read in the order of its numbers, whatever the order of its files', () => {
    const log = checkLog('spark-node', 'production', [file(2), file(1), file(3)], () => true);
    expect(log.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it.each([
    ['a gap', [file(1), file(3)], [`${AT}/0000002.json: is missing: the log has a gap`]],
    ['a log that does not begin at 1', [file(2)], [`${AT}/0000001.json: is missing: the log has a gap`]],
    [
      'an entry under another number',
      [{ ...file(2), name: entryName(1) }],
      [`${AT}/0000001.json: says that it is entry 2`],
    ],
    [
      'an entry of another channel',
      [file(1, { channel: 'staging' })],
      [`${AT}/0000001.json: is about channel staging`],
    ],
    [
      'an entry of another image',
      [file(1, { image: 'other' })],
      [`${AT}/0000001.json: is about image other`],
    ],
    [
      'an image that is not stored',
      [file(1, { digest: digestOf('b') })],
      [`${AT}/0000001.json: names an image that is not stored: ${digestOf('b')}`],
    ],
    [
      'a file that is no entry',
      [{ name: 'notes.txt', text: '' }],
      [`${AT}/notes.txt: is no entry of a channel log`],
    ],
    [
      'a number of other width',
      [{ name: '1.json', text: file(1).text }],
      [`${AT}/1.json: is no entry of a channel log`],
    ],
    ['an unknown key', [file(1, { sneaky: 1 })], [`${AT}/0000001.json: Unrecognized key: "sneaky"`]],
  ])('with %s is refused, saying where', (_, files, expected) => {
    expect(faults(files)).toEqual(expected);
  });

  it('tells every fault in one go', () => {
    expect(
      faults([{ name: entryName(1), text: '{' }, file(2, { image: 'other' }), file(3, { by: '' })]),
    ).toHaveLength(3);
  });

  it('names an entry by a number of 7 digits and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999_999 }),
        (sequence) => sequenceOf(entryName(sequence)) === sequence,
      ),
    );
  });
});

describe('a rollback', () => {
  const logOf = (...moves: readonly string[]): ChannelEntry[] =>
    moves.map((move, index) =>
      entry(index + 1, {
        digest: digestOf(move.slice(1)),
        action: move.startsWith('-') ? 'rollback' : 'promote',
      }),
    );

  it.each([
    ['nothing', [], undefined],
    ['one image', ['+a'], undefined],
    ['two', ['+a', '+b'], 'a'],
    ['the same image again', ['+a', '+b', '+b'], 'a'],
    ['a rollback: further back', ['+a', '+b', '+c', '-b'], 'a'],
    ['a rollback to the first', ['+a', '+b', '-a'], undefined],
    ['a rollback and another promotion', ['+a', '+b', '-a', '+c'], 'a'],
    ['an image that came back', ['+a', '+b', '+a'], 'b'],
  ])('after %s', (_, moves, target) => {
    expect(rollbackTarget(logOf(...moves))).toBe(target === undefined ? undefined : digestOf(target));
  });

  it('never goes to where the channel is, and comes to an end when repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }), (images) => {
        const log = logOf(...images.map((name) => `+${name}`));
        for (let steps = 0; ; steps += 1) {
          const target = rollbackTarget(log);
          if (target === undefined) return;
          expect(target).not.toBe(headOf(log));
          expect(steps).toBeLessThan(images.length);
          log.push(entry(log.length + 1, { action: 'rollback', digest: target }));
        }
      }),
    );
  });
});
