import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { basename, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bakery } from './bakery';
import { leftovers, takeInventory } from './leftovers';
import { ATTEMPTS, NEEDS, recipe } from './sandbox/attempts';

async function listen(
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(where);
  await once(server, 'listening');
  return server;
}

/** Files of the folder by path: what a recipe changed in it shows, whatever the recipe was told. */
function names(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes('intruded'),
  );
}

/** Not in /tmp, which a recipe has of its own and may write. */
const STATE = resolve(__dirname, '../../.kiln');
/** One has trees of three layers below, the other inputs and the tree of the fourth. */
const TARGETS = ['jars', 'code'] as const;

describe.skipIf(process.getuid?.() !== 0).each([
  { who: 'root', user: undefined },
  { who: 'an ordinary user', user: 4242 },
])('a hostile recipe, baked by $who (needs root)', ({ user }) => {
  let folder: string;
  let bakery: Bakery;
  let servers: readonly Server[] = [];
  /** Names of the attempts that succeeded in one of the two layers; the others of those that were tried. */
  let succeeded: ReadonlySet<string>;
  let tried: ReadonlySet<string>;
  let left: readonly string[];
  let temporary: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(STATE, 'sandbox-'));
    temporary = join(tmpdir(), `${basename(folder)}-temporary`);
    writeFileSync(join(folder, 'secret'), 'secret\n', { mode: 0o600 });
    bakery = new Bakery(folder, user);
    bakery.copyProject();
    const socket = `kiln-${basename(folder)}`;
    servers = [await listen({ host: '127.0.0.1', port: 0 }), await listen({ path: `\0${socket}` })];
    const address = servers[0]?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    const kinds = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
    const text = recipe({
      CACHE: bakery.cache,
      HOME_FOLDER: folder,
      PROJECT: bakery.project,
      TEMPORARY: temporary,
      SECRET: join(folder, 'secret'),
      PORT: String(address.port),
      SOCKET: socket,
      NAMESPACES: kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`)).join(' '),
    });
    for (const layer of TARGETS)
      writeFileSync(join(bakery.project, 'images/layers', layer, 'build'), text, { mode: 0o755 });
    await bakery.stock(TARGETS);
    const before = takeInventory();
    const lines: string[] = [];
    for (const layer of TARGETS) {
      const env = { KILN_TEST_SECRET: 'secret' };
      const { code, err } = await bakery.start({ env }, ['layer', layer, '--offline']).ended;
      if (code !== 0) throw new Error(`layer ${layer} was not built\n${err}`);
      lines.push(...readFileSync(join(bakery.project, `.kiln/logs/layer-${layer}.log`), 'utf8').split('\n'));
    }
    left = await leftovers(before, { about: [folder], within: 30 });
    const named = (start: string): Set<string> =>
      new Set(lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length)));
    succeeded = named('attempt succeeded: ');
    tried = new Set([...succeeded, ...named('attempt failed: ')]);
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(NEEDS)('can $name', ({ name }) => {
    expect(succeeded).toContain(name);
  });

  it.each(ATTEMPTS)('cannot $name', ({ name }) => {
    expect(tried).toContain(name);
    expect(succeeded).not.toContain(name);
  });

  it('leaves nothing on the machine: no file, no process, no mount', () => {
    expect(left).toEqual([]);
    expect(names(folder)).toEqual([]);
    for (const path of [
      temporary,
      '/tmp/intruded',
      '/var/tmp/intruded',
      '/dev/shm/intruded',
      '/etc/intruded',
    ])
      expect(existsSync(path), path).toBe(false);
  });
});
