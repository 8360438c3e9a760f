import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConda } from '../../../factory/lock/conda';
import { ChannelCredentials } from '../../../factory/ports/inputs/channel-credentials';
import { openChannels } from '../../../factory/ports/inputs/channels';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { SPARK_LINES } from '../../../factory/spec/compatibility';
import { readEnvironment } from '../../../factory/spec/environment';
import { refusal } from '../spec/support';

const home = resolve(__dirname, '..', '..', '..');

/** A channel of two packages, made by the running example's own tools. */
const CHANNEL = `
import asyncio, os, sys
from pathlib import Path
from conda_channel.package import File, write
from rattler.index import index_fs
folder = Path(sys.argv[1])
for name, version in (("python", "3.9.18"), ("python", "3.13.5"), ("tool", "1.0")):
    write(folder, {"name": name, "version": version, "build": "0", "build_number": 0, "subdir": "noarch",
                   "depends": [] if name == "python" else ["python"]}, [File(f"share/{name}", b"x")])
asyncio.run(index_fs(folder))
# rattler's threads may outlive the interpreter that they call into, which then dies by a signal.
os._exit(0)
`;

describe('a private channel, solved by the helper', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  const server = createServer((request, response) => {
    const path = join(folder, (request.url ?? '').replace('/t/s3cret', ''));
    try {
      const found = request.url?.startsWith('/t/s3cret/') === true ? readFileSync(path) : undefined;
      response.writeHead(found === undefined ? 403 : 200).end(found);
    } catch {
      response.writeHead(404).end();
    }
  });
  beforeAll(async () => {
    execFileSync(join(home, '.venv/bin/python'), ['-c', CHANNEL, join(folder, 'team')], {
      env: { PYTHONPATH: join(home, 'tools/conda-channel') },
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function solve(token: string, dependencies: string): Promise<unknown> {
    const address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/t/\${TOKEN}/team`;
    const mapped = { ours: address };
    const text = Buffer.from(`channels: [ours]\ndependencies: ${dependencies}\n`);
    const { environment } = readEnvironment('environment.yml', text, mapped, () => undefined);
    const line = SPARK_LINES.find((each) => each.line === '4.1');
    if (line === undefined) throw new Error('the table has lost a line');
    const channels = openChannels(folder, mapped, new ChannelCredentials({ TOKEN: token }, folder));
    try {
      const solved = await resolveConda(
        {
          ...{ file: 'environment.yml', environment, line, glibc: '2.41', home },
          cache: join(folder, `cache-${token}`),
          needs: { file: 'pyproject.toml', requires: [], requiresPython: undefined, spark: '4.1.4' },
        },
        { exec: hostExec, channels, step: () => undefined },
      );
      return solved.packages;
    } finally {
      await channels.close();
    }
  }

  it('stands in the lock by its name alone', async () => {
    const packages = await solve('s3cret', '["ours::tool", python]');
    expect(packages).toMatchObject([
      { name: 'python', version: '3.13.5', channel: 'ours' },
      { name: 'tool', version: '1.0', channel: 'ours' },
    ]);
    expect(JSON.stringify(packages)).not.toMatch(/s3cret|127\.0\.0\.1/);
  });

  it.each([
    ['s3cret', '[absent]', 'no set of packages fulfils it'],
    ['s3cret', '["python<3.10"]', 'Spark 4.1 runs on Python 3.10 or later'],
    ['wr0ng', '[python]', 'a channel cannot be read'],
  ])('with token %s and %s: the refusal shows neither address nor token', async (token, wanted, what) => {
    const error = await refusal(() => solve(token, wanted));
    expect(error.message).toContain(what);
    expect(JSON.stringify([error.message, error.hint, error.faults])).not.toMatch(
      /s3cret|wr0ng|127\.0\.0\.1/,
    );
  });
});
