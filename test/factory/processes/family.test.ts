import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { familyOf } from '../../../factory/processes/family';

describe('a process with all that it started', () => {
  it('has its grandchildren, and nobody else', async () => {
    const child = spawn('sh', ['-c', 'sh -c "sleep 60 & sleep 60 & echo up; wait" & wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    try {
      await once(child.stdout, 'data');
      const family = familyOf(child.pid ?? 0);
      expect(family).toHaveLength(4);
      expect(family[0]?.pid).toBe(child.pid);
      for (const { memory } of family) {
        expect(memory).toBeGreaterThan(0);
        expect(memory).toBeLessThan(20 << 20);
      }
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  });
});
