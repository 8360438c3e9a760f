import { describe, expect, it } from 'vitest';
import { hostExec } from '../../../factory/ports/machine/exec-host';

/** Ends with 0 when it is told to end, as QEMU does. */
const polite = ['-c', 'trap "exit 0" TERM; sleep 60 >/dev/null 2>&1 & wait'];

describe('a program that is run', () => {
  it('has not done its work when it ended at its deadline, whatever it ended with', async () => {
    await expect(hostExec.run('bash', polite, { timeout: 300 })).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringContaining('bash: did not end within 0.3 s') as string,
    });
  });

  it.each([
    ['a child that holds its output', 'sleep 60 & wait'],
    ['a child that does not listen', '(trap "" TERM; sleep 60; sleep 60) & wait'],
    ['one that has left its family', 'setsid --fork sleep 15'],
    ['a program that says nothing more and has ended', 'echo said; sleep 15 & exit 0'],
  ])('is not waited for past its deadline for the sake of %s', async (_, script) => {
    const began = performance.now();
    const lines: string[] = [];
    const failed = hostExec.run('bash', ['-c', script], { timeout: 300, onLine: (line) => lines.push(line) });
    await expect(failed).rejects.toThrow('bash: did not end within 0.3 s');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('has not done its work when it was cancelled', async () => {
    const signal = AbortSignal.timeout(300);
    await expect(hostExec.run('bash', polite, { signal })).rejects.toMatchObject({ code: 'command-failed' });
  });

  it.each([
    ['exit 0', undefined, 0],
    ['exit 1', [0, 1], 1],
  ])('`%s` is well when %j is accepted', async (script, accept, code) => {
    const options = accept === undefined ? {} : { accept };
    expect(await hostExec.run('bash', ['-c', script], options)).toMatchObject({ code });
  });

  it.each([
    ['exit 1', 'exit code 1'],
    ['kill -TERM $$', 'was ended by SIGTERM'],
  ])('`%s` fails: %s', async (script, how) => {
    await expect(hostExec.run('bash', ['-c', script])).rejects.toThrow(`bash: ${how}`);
  });

  it('is named with its package when it is not there', async () => {
    await expect(hostExec.run('no-such-program', [])).rejects.toMatchObject({ code: 'missing-tool' });
  });
});
