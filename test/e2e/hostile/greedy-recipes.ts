import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRecipe } from '../../../factory/layers/sandbox';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { findProject } from '../../../factory/project';
import { Limits } from '../../../factory/recipes/declaration';
import { refusal } from '../../factory/spec/support';

const HOME = resolve(__dirname, '../../..');

/** What takes too much, as a slip in a project's setup.py would; each would go on for an hour. */
const GREEDY: readonly [string, string, Partial<Limits>, string][] = [
  ['processes', 'while sleep 0.01; do sleep 3600 & done', { processes: 60 }, '60 processes at once'],
  [
    'memory',
    `python3 -c 'import time; held = b"x" * (300 << 20); time.sleep(3600)'`,
    { memory: 200 },
    '200 MiB of memory',
  ],
  [
    'memory, of all its processes',
    `for i in 1 2 3 4 5 6; do python3 -c 'import time; held = b"x" * (50 << 20); time.sleep(3600)' & done; wait`,
    { memory: 200 },
    '200 MiB of memory',
  ],
  [
    'disk',
    'mkdir "$KILN_OUT/a"; for i in $(seq 10); do head -c 30M /dev/urandom >"$KILN_OUT/a/$i"; done; sleep 3600',
    { disk: 100 },
    '100 MiB on disk',
  ],
];

describe.skipIf(process.getuid?.() !== 0)('a recipe that takes too much (needs root)', () => {
  let folder: string;
  let home: string;
  const run = async (text: string, limits: Partial<Limits>): Promise<void> => {
    writeFileSync(join(home, 'images/layers/greedy/build'), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    const work = mkdtempSync(join(folder, 'work-'));
    const made = (name: string): string => {
      mkdirSync(join(work, name));
      return join(work, name);
    };
    writeFileSync(join(work, 'lock'), '{}');
    await runRecipe(hostExec, {
      project: { ...findProject(HOME), home },
      name: 'greedy',
      ...{ out: made('out'), inputs: made('in'), tmp: made('tmp'), root: made('root') },
      ...{ lock: join(work, 'lock'), log: join(work, 'log'), epoch: 1, visible: [], environment: {} },
      limits: Limits.parse(limits),
    });
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-limits-e2e-'));
    home = join(folder, 'home');
    mkdirSync(join(home, 'images/layers/greedy'), { recursive: true });
    for (const file of ['sandbox', 'seccomp.py'])
      cpSync(join(HOME, 'images', file), join(home, 'images', file));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(GREEDY)('of %s is ended, and says of what', async (_, text, limits, words) => {
    const mark = `greedy-${String(process.pid)}-${String(Date.now())}`;
    const fault = await refusal(() => run(`export MARK=${mark}\n${text}`, limits));
    expect(fault).toMatchObject({ code: 'recipe-limit' });
    expect(fault.message).toBe(
      `images/layers/greedy/build was ended: it took more than ${words}, which is its limit`,
    );
    expect(fault.hint).toContain(
      `raise limits: { ${Object.keys(limits)[0] ?? ''}: … } in images/layers/greedy/`,
    );
    // Nothing of it is left.
    const left = readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  });

  it('of /tmp or of shared memory finds it full', async () => {
    await expect(
      run('! head -c 2100M /dev/zero >/tmp/a && ! head -c 1100M /dev/zero >/dev/shm/a', {}),
    ).resolves.toBeUndefined();
  });

  it('is not ended for what it took at the limit', async () => {
    await expect(run('sleep 1.2', { processes: 20, memory: 100, disk: 1 })).resolves.toBeUndefined();
  });
});
