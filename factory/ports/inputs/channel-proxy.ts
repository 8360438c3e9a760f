import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Credential } from './channel-credentials';
import { listen, type FolderServer } from './channel-server';
import type { Http } from './http';

const ASKED = ['accept', 'accept-encoding', 'if-none-match', 'if-modified-since', 'range'];
const ANSWERED = [
  'content-type',
  'content-length',
  'content-encoding',
  'etag',
  'last-modified',
  'cache-control',
];

/**
 * Serves a channel that wants a credential on the loopback interface, so that nothing else is told it: neither the
 * solver nor a message. Its path is unguessable: other users of the machine do not get what this one may read.
 */
export async function serveChannel(
  address: string,
  credential: Credential,
  http: Http,
): Promise<FolderServer> {
  const base = new URL(address);
  const secret = `/${randomBytes(24).toString('hex')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = '/' } = request;
    if (!url.startsWith(`${secret}/`) || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(404).end();
      return;
    }
    const path = `${credential.prefix}${base.pathname.replace(/\/+$/, '')}${url.slice(secret.length)}`;
    const asked = ASKED.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    });
    const headers = { ...(Object.fromEntries(asked) as Record<string, string>), ...credential.headers };
    const found = await http.request(`${base.origin}${path}`, { method, headers });
    const told = ANSWERED.flatMap((name) => {
      const value = found.header(name);
      return value === undefined ? [] : [[name, value]];
    });
    response.writeHead(found.status, Object.fromEntries(told) as Record<string, string>);
    if (method === 'HEAD') {
      await found.discard();
      response.end();
    } else await pipeline(Readable.from(found.body()), response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  const listening = await listen(server);
  return { url: `${listening.url}${secret}`, close: () => listening.close() };
}
