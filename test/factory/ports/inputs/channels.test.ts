import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChannelCredentials } from '../../../../factory/ports/inputs/channel-credentials';
import { openChannels } from '../../../../factory/ports/inputs/channels';
import { refusal } from '../../spec/support';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'kiln-test-'));
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** A server that keeps what it was asked; without the right credential it answers 401. */
async function privateChannel(
  allows: (request: IncomingMessage) => boolean,
): Promise<{ readonly host: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.authorization ?? 'nobody'}`);
    if (request.url?.startsWith('/moved') === true) {
      const { port } = server.address() as AddressInfo;
      response.writeHead(302, { location: `http://localhost:${String(port)}/elsewhere` }).end();
    } else if (!allows(request)) response.writeHead(401).end();
    else response.writeHead(200, { etag: '"1"', 'content-length': 2 }).end('{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

const store = (content: object | string): string => {
  const file = join(folder(), 'credentials.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

const BASIC = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

describe('a channel that wants a credential', () => {
  it.each<{
    name: string;
    target: (host: string) => string;
    env: () => Record<string, string>;
    path: string;
    authorization: string;
  }>([
    {
      name: 'a token of a variable',
      target: (host) => `http://${host}/t/\${TOKEN}/team`,
      env: () => ({ TOKEN: 's3cret' }),
      path: '/t/s3cret/team',
      authorization: 'nobody',
    },
    {
      name: 'a user and password of variables',
      target: (host) => `http://\${USER_}:\${PASS}@${host}/team/`,
      env: () => ({ USER_: 'me', PASS: 'p@ss' }),
      path: '/team',
      authorization: BASIC,
    },
    {
      name: 'a bearer token of the store',
      target: (host) => `http://${host}/team`,
      env: () => ({ RATTLER_AUTH_FILE: store({ '127.0.0.1': { BearerToken: 's3cret' } }) }),
      path: '/team',
      authorization: 'Bearer s3cret',
    },
    {
      name: 'a conda token of the store',
      target: (host) => `http://${host}/team`,
      env: () => ({ RATTLER_AUTH_FILE: store({ '127.0.0.1': { CondaToken: 's3cret' } }) }),
      path: '/t/s3cret/team',
      authorization: 'nobody',
    },
    {
      name: 'a login of the store',
      target: (host) => `http://${host}/team`,
      env: () => ({
        RATTLER_AUTH_FILE: store({ '127.0.0.1': { BasicHTTP: { username: 'me', password: 'p@ss' } } }),
      }),
      path: '/team',
      authorization: BASIC,
    },
  ])('is read through loopback with $name', async ({ target, env, path, authorization }) => {
    const { host, asked } = await privateChannel(() => true);
    const channels = openChannels(folder(), { team: target(host) }, new ChannelCredentials(env(), folder()));
    try {
      const base = await channels.base('team');
      expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{48}$/);
      expect(base).not.toContain(host);
      const response = await fetch(`${base}/noarch/repodata.json`);
      expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
        200,
        '"1"',
        '{}',
      ]);
      expect(asked).toEqual([`${path}/noarch/repodata.json ${authorization}`]);
      // Only who was told the path may read what this user may.
      expect((await fetch(`${new URL(base).origin}/noarch/repodata.json`)).status).toBe(404);
    } finally {
      await channels.close();
    }
  });

  it('says so when the credential is not the right one, and shows it to no other server', async () => {
    const { host, asked } = await privateChannel(() => false);
    const env = { RATTLER_AUTH_FILE: store({ '127.0.0.1': { BearerToken: 'old' } }) };
    const channels = openChannels(
      folder(),
      { team: `http://${host}` },
      new ChannelCredentials(env, folder()),
    );
    try {
      const base = await channels.base('team');
      expect((await fetch(`${base}/a`)).status).toBe(401);
      await fetch(`${base}/moved`);
      expect(asked.slice(1)).toEqual(['/moved Bearer old', '/elsewhere nobody']);
    } finally {
      await channels.close();
    }
  });

  it.each([
    ['conda.example.com', true],
    ['a.b.example.com', true],
    ['example.com', false],
    ['other.com', false],
  ])('%s is below *.example.com: %s', (host, expected) => {
    const env = { RATTLER_AUTH_FILE: store({ '*.example.com': { BearerToken: 'x' } }) };
    const found = new ChannelCredentials(env, folder()).of(`https://${host}/team`);
    expect(found !== undefined).toBe(expected);
  });

  it.each([
    ['not set', {}, '${TOKEN}'],
    ['empty', { TOKEN: '' }, 'export TOKEN'],
  ])('is refused where its variable is %s', async (_, env, said) => {
    const channels = openChannels(
      '/',
      { team: 'https://c.example.com/t/${TOKEN}/x' },
      new ChannelCredentials(env),
    );
    const error = await refusal(() => channels.base('team'));
    expect(error.code).toBe('no-channel');
    expect(`${error.message} ${error.hint ?? ''}`).toContain(said);
  });

  it('does not quote a store that it cannot read', async () => {
    const env = { RATTLER_AUTH_FILE: store('{"host": s3cret}') };
    const channels = openChannels('/', {}, new ChannelCredentials(env));
    const error = await refusal(() => channels.base('conda-forge'));
    expect(error.code).toBe('bad-credentials');
    expect(JSON.stringify([error.message, error.hint, error.cause])).not.toContain('s3cret');
  });
});

describe('a channel that wants none', () => {
  const none = new ChannelCredentials({}, '/nonexistent');
  it.each([
    ['conda-forge', 'https://conda.anaconda.org/conda-forge'],
    ['pkgs/main', 'https://c.example.com/main'],
  ])('%s is read at its address', async (name, address) => {
    const channels = openChannels('/', { 'pkgs/main': 'https://c.example.com/main/' }, none);
    expect(await channels.base(name)).toBe(address);
  });

  it.each([
    ['a path', (path: string) => path],
    ['file://', (path: string) => pathToFileURL(path).href],
  ])('is served where factory.yaml names its folder by %s', async (_, target) => {
    const root = folder();
    mkdirSync(join(root, 'noarch'));
    writeFileSync(join(root, 'noarch/repodata.json'), '{}');
    const channels = openChannels('/', { ours: target(root) }, none);
    try {
      expect(await (await fetch(`${await channels.base('ours')}/noarch/repodata.json`)).text()).toBe('{}');
    } finally {
      await channels.close();
    }
  });
});
