import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, listeners, portOwner } from '../../../factory/store/port-owner';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1D13 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0
   1: 0100007F:1D13 0100007F:B2A4 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0
   2: 0100007F:B2A4 0100007F:1D13 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0
   3: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0
`;

describe('who has a port', () => {
  it.each([
    [7443, ['111']],
    [22, ['444']],
    [45732, []],
  ])('finds the listening sockets of %i and no connections', (port, inodes) => {
    expect(listeners(TABLE, port)).toEqual(inodes);
  });

  const server = createServer();
  afterEach(() => {
    server.close();
  });

  it('names this process for a port that it listens on, and takes no port twice', async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    expect(portOwner(address.port)).toMatchObject({ pid: process.pid });
    expect(await freePort(address.port)).toBeUndefined();
    const other = await freePort(0);
    expect(other).toBeGreaterThan(0);
    expect(portOwner(other ?? 0)).toBeUndefined();
  });
});
