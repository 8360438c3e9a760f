import { describe, expect, it } from 'vitest';
import { splitRun } from '../../../factory/cli/run';

const neither = { detach: false, json: false };
const both = { detach: true, json: true };

describe('what stands after the cluster of kiln run', () => {
  it.each([
    [{}, ['--', '-m', 'a.b'], { ...neither, job: ['-m', 'a.b'] }],
    [{}, ['job.py', '--', '--detach'], { ...neither, job: ['job.py', '--', '--detach'] }],
    [{}, ['--', '--', 'job.py'], { ...neither, job: ['--', 'job.py'] }],
    [{}, ['--detach', '--', '-m', 'a.b'], { detach: true, json: false, job: ['-m', 'a.b'] }],
    [{ detach: true } as const, ['--json', '--', 'job.py'], { ...both, job: ['job.py'] }],
    [{}, ['--json', '--detach', 'job.py', '--json'], { ...both, job: ['job.py', '--json'] }],
    [{}, ['--', '--detach', 'job.py'], { ...neither, job: ['--detach', 'job.py'] }],
  ])('%j %j', (given, words, split) => {
    expect(splitRun(given, words)).toEqual(split);
  });

  it('is wrong use where --json has nothing to print', () => {
    expect(() => splitRun({ json: true }, ['--', 'job.py'])).toThrow('--json goes with --detach');
  });
});
