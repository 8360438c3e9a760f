import { createServer } from 'node:net';
import { join } from 'node:path';
import { KilnError } from '../errors';
import { HOST_NET, type Sandbox } from '../ports/sandbox/sandbox';

/** The one bridge of a cluster, in the sandbox's own network. */
export const BRIDGE = 'kiln0';

const PROXY = '/lib/systemd/systemd-socket-proxyd';
/** An S3A client alone opens up to 200 connections. */
const CONNECTIONS = '4096';

/** Makes the bridge; what is there already stays. @param gateway address with prefix. */
export async function makeBridge(sandbox: Sandbox, gateway: string): Promise<void> {
  const script = [
    'ip link show "$1" >/dev/null 2>&1 || ip link add "$1" type bridge forward_delay 0',
    'ip address replace "$2" dev "$1"',
    'ip link set "$1" up',
  ].join(' && ');
  await sandbox.run('bash', ['-c', script, 'bash', BRIDGE, gateway]);
}

interface Forward {
  /** Label of the process. */
  readonly label: string;
  /** What is reached by it, for people. */
  readonly what: string;
  /** `address:port` to listen at, and to connect to. */
  readonly listen: string;
  readonly connect: string;
  /** Which side is this machine's own network; the other one is the cluster's. */
  readonly outside: 'listen' | 'connect';
}

/**
 * Passes connections from one network to the other: the listening socket is made in one namespace and
 * served by a process in the other. Both programs are systemd's own; they end with the sandbox.
 */
async function forward(sandbox: Sandbox, { label, what, listen, connect, outside }: Forward): Promise<void> {
  const log = join(sandbox.dir, `${label}.log`);
  const into = (net: string): string[] => ['nsenter', `--net=${net}`, '--'];
  const cluster = into('/proc/1/ns/net');
  const machine = into(HOST_NET);
  const words = [
    ...(outside === 'listen' ? machine : cluster),
    'systemd-socket-activate',
    '-l',
    listen,
    ...(outside === 'connect' ? machine : cluster),
    PROXY,
    `--connections-max=${CONNECTIONS}`,
    connect,
  ];
  const [program = '', ...args] = words;
  await sandbox.run('rm', ['-f', log]);
  await sandbox.spawn(label, program, args, { log });
  const heard = 'for i in {1..100}; do grep -q "^Listening on" "$1" && exit 0; sleep 0.05; done; exit 1';
  const { code } = await sandbox.run('bash', ['-c', heard, 'bash', log], { accept: [0, 1] });
  if (code === 0) return;
  const { stdout } = await sandbox.run('tail', ['-n', '3', log], { accept: [0, 1] });
  await sandbox.kill(label);
  throw new KilnError({
    code: 'port-in-use',
    what: `nothing can listen at ${listen}, which is for ${what}\n${stdout.trim()}`,
    hint: `see which program has the port: ss -ltnp; the log: ${log}`,
  });
}

/** Nodes reach `target` (`host:port` of this machine) at the gateway's `port`. */
export async function forwardOut(
  sandbox: Sandbox,
  gateway: string,
  port: string,
  target: string,
): Promise<void> {
  const label = `forward-${port}`;
  if ((await sandbox.alive(label)) !== undefined) return;
  await forward(sandbox, {
    label,
    what: `${target} of this machine, as the cluster reaches it`,
    listen: `${gateway}:${port}`,
    connect: target,
    outside: 'connect',
  });
}

interface Published {
  /** What people call it. */
  readonly page: string;
  readonly address: string;
  readonly port: string;
  readonly local: number;
}

/** People on this machine reach a page, at `address:port` of a node, at 127.0.0.1:`local`. */
export async function publish(sandbox: Sandbox, { page, address, port, local }: Published): Promise<void> {
  const label = `publish-${port}`;
  if ((await sandbox.alive(label)) !== undefined) return;
  await forward(sandbox, {
    label,
    what: `the page of the ${page}`,
    listen: `127.0.0.1:${String(local)}`,
    connect: `${address}:${port}`,
    outside: 'listen',
  });
}

/** A port of 127.0.0.1 that nobody has at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}
