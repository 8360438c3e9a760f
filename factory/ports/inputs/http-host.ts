import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../../errors';
import { formatDuration, formatSize } from '../../units';
import type { Http, HttpRequest, HttpResponse } from './http';

/** Milliseconds without a first answer, or without a further byte, after which a server counts as silent. */
const SILENCE = 60_000;
/** Milliseconds before each further try: a registry's hiccup should not end an hour's work. */
const BACKOFF = [500, 2000] as const;
const REDIRECTS = 5;
/** Bytes of the longest answer that is read whole: PyPI's longest list of a project's files has about 20 MB. */
const LONGEST_TEXT = 128 << 20;
/** Milliseconds for such an answer: one that trickles without end is none. */
const PATIENCE = 600_000;
/** Bytes of a body that nobody wants, up to which it is read, for the sake of its connection. */
const SMALL = 64 << 10;

/**
 * Few connections a host, kept open. `fetch` closes each one after a HEAD: hundreds of questions would
 * be hundreds of name look-ups, which resolvers answer late or not at all.
 */
const POOL = { keepAlive: true, maxSockets: 16 };
const agents = { 'http:': new HttpAgent(POOL), 'https:': new HttpsAgent(POOL) };

/** An address as it may be shown: without credentials. */
function shown(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

function unreachable(url: string, cause: unknown): KilnError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KilnError({
    code: 'unreachable',
    what: `${new URL(url).host} does not answer: ${why === '' ? 'no connection' : why}`,
    hint: `wanted ${shown(url)}\ncheck this machine's network, or point kiln to another mirror by KILN_MIRROR_DEBIAN, KILN_MIRROR_DEBIAN_SECURITY, KILN_MIRROR_PYPI or KILN_MIRROR_MAVEN`,
    cause,
  });
}

async function* chunks(url: string, message: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of message) yield chunk as Uint8Array;
  } catch (error) {
    throw unreachable(url, new Error('the connection broke', { cause: error }));
  }
  // Node ends the stream without a fault when the server hangs up before the promised length.
  if (!message.complete) throw unreachable(url, new Error('the connection broke'));
}

async function whole(url: string, message: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const began = performance.now();
  for await (const chunk of chunks(url, message)) {
    parts.push(chunk);
    bytes += chunk.byteLength;
    const endless = bytes > LONGEST_TEXT ? formatSize(LONGEST_TEXT) : undefined;
    const slow = performance.now() - began > PATIENCE ? formatDuration(PATIENCE) : undefined;
    if (endless === undefined && slow === undefined) continue;
    message.destroy();
    throw unreachable(url, new Error(`its answer goes on after ${endless ?? slow ?? ''}`));
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Reads a short body to its end, so that its connection can be used again; ends the connection of any other. */
function drop(message: IncomingMessage, method: string): void {
  const isShort = method === 'HEAD' || Number(message.headers['content-length'] ?? Infinity) <= SMALL;
  if (isShort) message.resume();
  else message.destroy();
}

function wrap(url: string, message: IncomingMessage, method: string): HttpResponse {
  return {
    status: message.statusCode ?? 0,
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: () => chunks(url, message),
    text: () => whole(url, message),
    discard() {
      drop(message, method);
      return Promise.resolve();
    },
  };
}

function ask(url: string, options: HttpRequest): Promise<IncomingMessage> {
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return Promise.reject(new Error(`kiln speaks http and https, not ${protocol}`));
  }
  // Index addresses in pip's configuration may carry credentials.
  const auth =
    username === '' ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` };
  const settings: RequestOptions = {
    method: options.method ?? 'GET',
    headers: { 'user-agent': 'kiln', ...options.headers },
    agent: agents[protocol],
    timeout: SILENCE,
    ...auth,
  };
  return new Promise((done, fail) => {
    const request = (protocol === 'http:' ? httpRequest : httpsRequest)(shown(url), settings, done);
    request.on('timeout', () => request.destroy(new Error(`silent for ${String(SILENCE / 1000)} s`)));
    request.on('error', fail);
    request.end();
  });
}

const withoutCredential = (options: HttpRequest): HttpRequest => ({
  ...options,
  headers: Object.fromEntries(
    Object.entries(options.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'authorization'),
  ),
});

async function once(url: string, options: HttpRequest): Promise<HttpResponse> {
  let at = url;
  let asked = options;
  for (let hop = 0; ; hop += 1) {
    let message: IncomingMessage;
    try {
      message = await ask(at, asked);
    } catch (error) {
      throw unreachable(at, error);
    }
    const { location } = message.headers;
    const moved = [301, 302, 303, 307, 308].includes(message.statusCode ?? 0);
    const method = asked.method ?? 'GET';
    if (!moved || location === undefined) return wrap(at, message, method);
    drop(message, method);
    if (hop === REDIRECTS) throw unreachable(url, new Error('redirected without end'));
    const next = new URL(location, at);
    // A credential is for the server it was given for.
    if (next.origin !== new URL(at).origin) asked = withoutCredential(asked);
    at = next.href;
  }
}

export const hostHttp: Http = {
  async request(url: string, options: HttpRequest = {}): Promise<HttpResponse> {
    for (const pause of BACKOFF) {
      try {
        const response = await once(url, options);
        if (response.status < 500 && response.status !== 429) return response;
        await response.discard();
      } catch (error) {
        if (!(error instanceof KilnError)) throw error;
      }
      await sleep(pause);
    }
    return once(url, options);
  },
};
