import { expect, it } from 'vitest';
import { KilnError } from '../../../factory/errors';
import { noneFails } from '../../../factory/lock/none-fails';
import { refusal } from '../spec/support';

const fault = (code: string): KilnError => new KilnError({ code, what: `${code} happened`, hint: 'mend it' });

it('waits for all, and one failure is told as it is', async () => {
  let ended = false;
  const slow = new Promise((done) => setTimeout(done, 20)).then(() => {
    ended = true;
  });
  const error = await refusal(() => noneFails([Promise.reject(fault('no-mirror')), slow]));
  expect(error).toMatchObject({ code: 'no-mirror', message: 'no-mirror happened', faults: [] });
  expect(ended).toBe(true);
});

it('tells of every failure, each with its way out', async () => {
  const error = await refusal(() =>
    noneFails([
      Promise.reject(fault('unreachable')),
      Promise.resolve(1),
      Promise.reject(fault('no-channel')),
    ]),
  );
  expect(error.faults).toEqual([
    { where: 'unreachable', what: 'unreachable happened', hint: 'mend it' },
    { where: 'no-channel', what: 'no-channel happened', hint: 'mend it' },
  ]);
});

it('does not hide an internal error behind others', async () => {
  const bug = new TypeError('undefined');
  await expect(noneFails([Promise.reject(fault('unreachable')), Promise.reject(bug)])).rejects.toBe(bug);
});
