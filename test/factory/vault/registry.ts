import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface LoopbackRegistry {
  readonly url: string;
  /** `METHOD /path` of every request. */
  readonly seen: string[];
}

/** A registry on the loopback interface: fixed files by path, or a handler that misbehaves as the test wants. */
export async function registryOf(
  files: Readonly<Record<string, string | Handler>>,
): Promise<LoopbackRegistry> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const file = files[request.url ?? ''];
    if (typeof file === 'function') {
      file(request, response);
    } else if (file === undefined) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'content-length': Buffer.byteLength(file) });
      response.end(request.method === 'HEAD' ? undefined : file);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, seen };
}
