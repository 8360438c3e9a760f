import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { hostHttp } from '../../../../factory/ports/inputs/http-host';
import { registryOf } from '../../vault/registry';
import { refusal } from '../../spec/support';

/** Sends without end, as fast as it is read; says how much it sent. */
function endless(response: ServerResponse): { readonly sent: () => number; readonly ended: Promise<void> } {
  const chunk = Buffer.alloc(1 << 20, 'x');
  let sent = 0;
  const ended = new Promise<void>((done) => response.on('close', done));
  const more = (): void => {
    while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    sent += chunk.length;
    response.once('drain', more);
  };
  more();
  return { sent: () => sent, ended };
}

describe('an answer without an end', () => {
  it('is not read whole: the connection ends, and the error names the host', async () => {
    let sending: ReturnType<typeof endless> | undefined;
    const registry = await registryOf({
      '/simple/w/': (_, response) => {
        response.writeHead(200);
        sending = endless(response);
      },
    });
    const response = await hostHttp.request(`${registry.url}/simple/w/`);
    const fault = await refusal(() => response.text());
    expect(fault).toMatchObject({ code: 'unreachable' });
    expect(fault.message).toBe(
      `${new URL(registry.url).host} does not answer: its answer goes on after 128 MiB`,
    );
    await sending?.ended;
    expect(sending?.sent()).toBeLessThan(256 << 20);
  });

  it('that nobody wants ends with its connection', async () => {
    let sending: ReturnType<typeof endless> | undefined;
    const registry = await registryOf({
      '/gone': (_, response) => {
        response.writeHead(404);
        sending = endless(response);
      },
    });
    await (await hostHttp.request(`${registry.url}/gone`)).discard();
    await sending?.ended;
    expect(sending?.sent()).toBeLessThan(64 << 20);
  });
});

it('a short answer that nobody wants leaves its connection to the next', async () => {
  const ports = new Set<number | undefined>();
  const registry = await registryOf({
    '/a': (request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(404, { 'content-length': 4 }).end('none');
    },
  });
  for (let each = 0; each < 3; each += 1) {
    await (await hostHttp.request(`${registry.url}/a`)).discard();
    await new Promise((done) => setTimeout(done, 20));
  }
  expect(ports.size).toBe(1);
});
