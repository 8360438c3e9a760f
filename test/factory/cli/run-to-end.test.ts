import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { runToEnd } from '../../../factory/cli/run-to-end';

class Host extends EventEmitter {
  exitCode: number | undefined;
  said = '';
  readonly stderr = { write: (text: string): string => (this.said += text) };
}

it.each([0, 1, 2, 3])('a process ends with the exit code of its work: %i', async (code) => {
  const host = new Host();
  await runToEnd(host, () => Promise.resolve(code));
  host.emit('beforeExit');
  expect([host.exitCode, host.said]).toEqual([code, '']);
});

it('work that nothing will ever settle is no success', () => {
  const host = new Host();
  void runToEnd(host, () => new Promise<number>(() => undefined));
  host.emit('beforeExit');
  expect([host.exitCode, host.said]).toEqual([3, expect.stringContaining('ended before its work was done')]);
});
