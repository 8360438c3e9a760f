import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { hostSandboxes } from '../../factory/ports/sandbox/sandbox-host';
import type { S3ObjectStore } from '../../factory/ports/objects/object-store-s3';
import { freePort } from '../../factory/store/port-owner';
import { openBucket, storeDown, storeStatus, storeUp } from '../../factory/store/store';
import { objectStoreContract } from '../factory/ports/objects/object-store-contract';

/** Processes, seen from here, that were started for a store of this folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const text =
          readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
        return pid !== String(process.pid) && text.includes(folder);
      } catch {
        return false;
      }
    });
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !what(); i++) await new Promise((done) => setTimeout(done, 100));
  expect(what()).toBe(true);
}

describe('a radosgw of this run', { timeout: 300_000 }, () => {
  const sandboxes = hostSandboxes(hostExec);
  let root: string;
  let project: { state: string; home: string };
  let port: number;
  let bucket: S3ObjectStore | undefined;

  beforeAll(async () => {
    // A long folder: Unix sockets must not care.
    root = await mkdtemp(join(tmpdir(), `kiln-store-${'long-'.repeat(20)}`));
    project = { state: join(root, '.kiln'), home: resolve(__dirname, '..', '..') };
    port = (await freePort(0)) ?? 0;
    // A caller's own settings must not reach the store.
    Object.assign(process.env, {
      AWS_PROFILE: 'somebody-elses',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_REGION: 'eu-elsewhere-1',
      AWS_ACCESS_KEY_ID: 'somebody-elses',
      AWS_CONFIG_FILE: '/dev/null/none',
    });
    const up = await storeUp(project, sandboxes, { port, bucket: 'flights' });
    expect(up).toMatchObject({ already: false, port, buckets: ['flights'] });
    bucket = await openBucket(project, 'flights');
  }, 300_000);

  afterAll(async () => {
    bucket?.close();
    await storeDown(project, sandboxes);
    await rm(root, { recursive: true, force: true });
  }, 60_000);

  objectStoreContract('radosgw', () => {
    if (bucket === undefined) throw new Error('the store is not up');
    return bucket;
  });

  it('keeps keys to root and off every command line', async () => {
    for (const name of ['access-key', 'secret-key', 'store.json', 'ca.pem']) {
      expect((await stat(join(project.state, 'store', name))).mode & 0o077).toBe(0);
    }
    expect((await stat(join(project.state, 'store'))).mode & 0o777).toBe(0o700);
    const secret = readFileSync(join(project.state, 'store', 'secret-key'), 'utf8');
    expect(secret.length).toBeGreaterThan(20);
    const lines = readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return '';
        }
      });
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
  });

  it('is up already the second time, and refuses another port', async () => {
    expect(await storeUp(project, sandboxes, { bucket: 'flights' })).toMatchObject({ already: true, port });
    await expect(storeUp(project, sandboxes, { port: port + 1, bucket: 'flights' })).rejects.toMatchObject({
      code: 'store-other-port',
      exitCode: 1,
    });
  });

  it('names the store that has the port to another project', async () => {
    const other = { state: join(root, 'other', '.kiln'), home: project.home };
    await expect(storeUp(other, sandboxes, { port, bucket: 'flights' })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringContaining(join(project.state, 'store')) as string,
    });
    expect(existsSync(other.state)).toBe(false);
  });

  it('leaves no process after kill -9, comes up again empty, and down leaves nothing', async () => {
    const folder = join(project.state, 'store');
    const sandbox = await sandboxes.find(folder);
    if (sandbox === undefined) throw new Error('no sandbox');
    process.kill(sandbox.pid, 'SIGKILL');
    await until(() => processesOf(folder).length === 0);
    expect(await storeStatus(project, sandboxes)).toMatchObject({ up: false });

    expect(await storeUp(project, sandboxes, { port, bucket: 'flights' })).toMatchObject({ already: false });
    const fresh = await openBucket(project, 'flights');
    try {
      for await (const info of fresh.list('')) throw new Error(`${info.key} is left from before`);
    } finally {
      fresh.close();
    }
    expect(await storeDown(project, sandboxes)).toBe(true);
    expect(await storeDown(project, sandboxes)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(root);
  });
});
