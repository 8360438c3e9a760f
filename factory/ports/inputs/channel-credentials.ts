import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../../errors';

/** What a channel's server is shown: headers, or a path before the channel's own (conda's `/t/TOKEN`). */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly prefix: string;
}

/** rattler's file (`pixi auth login`, `rattler auth login`): by host, `*.` for all hosts below one. */
const Store = z.record(
  z.string(),
  z.union([
    z.object({ BearerToken: z.string() }),
    z.object({ CondaToken: z.string() }),
    z.object({ BasicHTTP: z.object({ username: z.string(), password: z.string() }) }),
    // Of object stores and single sign-on: nothing that an HTTP server is shown.
    z.looseObject({}),
  ]),
);
type Store = z.infer<typeof Store>;

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The environment's variables and the file that hold what no committed file may. */
export class ChannelCredentials {
  private store: Store | undefined;

  constructor(
    private readonly env: Readonly<Record<string, string | undefined>> = process.env,
    private readonly home: string = homedir(),
  ) {}

  /**
   * Replaces each `${VARIABLE}` of a channel's address.
   * @throws KilnError `no-channel` that names a variable which is not set.
   */
  expand(channel: string, address: string): string {
    return address.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const value = this.env[name];
      if (value !== undefined && value !== '') return encodeURIComponent(value);
      throw new KilnError({
        code: 'no-channel',
        what: `the address of the conda channel ${channel} has \${${name}} in it, and that variable is not set`,
        hint: `export ${name}, as factory.yaml expects it (conda.channels)`,
      });
    });
  }

  /**
   * What the server of an address wants to see: of the address itself, else of the file; undefined where nothing
   * is known. The address that is returned has no credential in it any more.
   * @throws KilnError `bad-credentials` when the file cannot be read.
   */
  of(address: string): { readonly address: string; readonly credential: Credential } | undefined {
    const url = new URL(address);
    const [username, password] = [url.username, url.password].map(decodeURIComponent);
    url.username = '';
    url.password = '';
    const [, prefix = '', path = url.pathname] = /^(\/t\/[^/]+)(\/.*)$/.exec(url.pathname) ?? [];
    url.pathname = path;
    const plain = url.href.replace(/\/+$/, '');
    const headers = username === '' ? {} : { authorization: basic(username ?? '', password ?? '') };
    if (username !== '' || prefix !== '') return { address: plain, credential: { headers, prefix } };
    const stored = this.stored(url.hostname);
    return stored === undefined ? undefined : { address: plain, credential: stored };
  }

  private stored(host: string): Credential | undefined {
    const labels = host.split('.');
    const names = [host, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)];
    const store = (this.store ??= this.read());
    const found = names.map((name) => store[name]).find((each) => each !== undefined);
    if (found === undefined) return undefined;
    if ('BearerToken' in found) {
      return { headers: { authorization: `Bearer ${String(found.BearerToken)}` }, prefix: '' };
    }
    if ('CondaToken' in found) return { headers: {}, prefix: `/t/${String(found.CondaToken)}` };
    const login = z.object({ username: z.string(), password: z.string() }).safeParse(found['BasicHTTP']);
    return login.success
      ? { headers: { authorization: basic(login.data.username, login.data.password) }, prefix: '' }
      : undefined;
  }

  private read(): Store {
    const file = this.env['RATTLER_AUTH_FILE'] ?? join(this.home, '.rattler', 'credentials.json');
    try {
      return Store.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
      // No cause: a parser's message quotes what it read.
      throw new KilnError({
        code: 'bad-credentials',
        what: `${file} is not a file of credentials that rattler or pixi wrote`,
        hint: 'write it by `pixi auth login`, or name another one: RATTLER_AUTH_FILE=FILE',
      });
    }
  }
}
