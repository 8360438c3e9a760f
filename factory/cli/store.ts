import { Command, InvalidArgumentError } from 'commander';
import type { Sandboxes } from '../ports/sandbox/sandbox';
import { findProject } from '../project';
import { answer, note } from './output';
import { formatDuration, formatSize } from '../units';

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 65535)
    throw new InvalidArgumentError('a port is 1 to 65535');
  return value;
}

function bucketName(text: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)) {
    throw new InvalidArgumentError('a bucket is 3 to 63 of a-z, 0-9, . and -');
  }
  return text;
}

const total = (sizes: readonly { readonly size: number }[]): number =>
  sizes.reduce((sum, { size }) => sum + size, 0);

async function hostSandboxes(): Promise<Sandboxes> {
  const [{ hostSandboxes: make }, { hostExec }] = await Promise.all([
    import('../ports/sandbox/sandbox-host.js'),
    import('../ports/machine/exec-host.js'),
  ]);
  return make(hostExec);
}

interface Json {
  readonly json?: true;
}

function up(): Command {
  return new Command('up')
    .description('start a Ceph radosgw over TLS on 127.0.0.1, with a bucket and keys made for this run')
    .option('--port <port>', 'port of 127.0.0.1 (default: 7443)', port)
    .option('--bucket <name>', 'bucket that shall be there', bucketName, 'flights')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store up --port 7443 --bucket flights')
    .action(async (options: Json & { port?: number; bucket: string }) => {
      const { storeUp } = await import('../store/store.js');
      const sandboxes = await hostSandboxes();
      const started = Date.now();
      const result = await storeUp(findProject(), sandboxes, {
        ...options,
        onStep: (step) => {
          if (step !== 'up') note(`store: ${step}`);
        },
      });
      const took = formatDuration(Date.now() - started);
      answer(
        options.json === true,
        result,
        `object store ${result.already ? 'is up already' : `up in ${took}`}: ${result.endpoint}, ` +
          `bucket${result.buckets.length === 1 ? '' : 's'} ${result.buckets.join(', ')}; ` +
          'keys and certificate authority in .kiln/store',
      );
    });
}

function down(): Command {
  return new Command('down')
    .description('end the object store and remove all that is in it')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store down')
    .action(async (options: Json) => {
      const { storeDown } = await import('../store/store.js');
      const sandboxes = await hostSandboxes();
      const removed = await storeDown(findProject(), sandboxes);
      answer(options.json === true, { removed }, removed ? 'object store removed' : 'no object store was up');
    });
}

function status(): Command {
  return new Command('status')
    .description('say whether the object store runs; exit code 1 when it does not')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store status --json')
    .action(async (options: Json) => {
      const { storeStatus } = await import('../store/store.js');
      const sandboxes = await hostSandboxes();
      const found = await storeStatus(findProject(), sandboxes);
      answer(
        options.json === true,
        found,
        found.up
          ? `object store up: ${found.endpoint}, ${found.buckets.join(', ')}`
          : `object store down: ${found.reason}`,
      );
      if (!found.up) process.exitCode = 1;
    });
}

function put(): Command {
  return new Command('put')
    .description('put a file, or everything of a folder, into the store')
    .argument('<source>', 'file or folder')
    .argument('<address>', 's3://BUCKET/KEY')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store put flights.csv s3://flights/raw/flights.csv')
    .action(async (source: string, address: string, options: Json) => {
      const { parseAddress } = await import('../store/address.js');
      const { bucket, key } = parseAddress(address);
      const { openBucket } = await import('../store/store.js');
      const { upload } = await import('../store/transfer.js');
      const store = await openBucket(findProject(), bucket);
      try {
        const done = await upload(store, source, key, (t) => {
          note(`put s3://${bucket}/${t.key}`);
        });
        answer(options.json === true, done, `${String(done.length)} objects, ${formatSize(total(done))}`);
      } finally {
        store.close();
      }
    });
}

function get(): Command {
  return new Command('get')
    .description('fetch an object, or everything below a prefix, from the store')
    .argument('<address>', 's3://BUCKET/PREFIX')
    .argument('<target>', 'file or folder')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store get s3://flights/report/ report')
    .action(async (address: string, target: string, options: Json) => {
      const { parseAddress } = await import('../store/address.js');
      const { bucket, key } = parseAddress(address);
      const { openBucket } = await import('../store/store.js');
      const { download } = await import('../store/transfer.js');
      const store = await openBucket(findProject(), bucket);
      try {
        const done = await download(store, key, target, (t) => {
          note(`got ${t.file}`);
        });
        answer(options.json === true, done, `${String(done.length)} objects, ${formatSize(total(done))}`);
      } finally {
        store.close();
      }
    });
}

function ls(): Command {
  return new Command('ls')
    .description('list the objects below a prefix: bytes and key')
    .argument('<address>', 's3://BUCKET[/PREFIX]')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln store ls s3://flights/raw/')
    .action(async (address: string, options: Json) => {
      const { parseAddress } = await import('../store/address.js');
      const { bucket, key } = parseAddress(address);
      const { openBucket } = await import('../store/store.js');
      const store = await openBucket(findProject(), bucket);
      try {
        const found: { key: string; size: number }[] = [];
        for await (const info of store.list(key)) found.push(info);
        const width = Math.max(0, ...found.map(({ size }) => String(size).length));
        const lines = found.map((o) => `${String(o.size).padStart(width)}  s3://${bucket}/${o.key}`);
        answer(options.json === true, found, lines.length === 0 ? `nothing at ${address}` : lines.join('\n'));
      } finally {
        store.close();
      }
    });
}

export function store(): Command {
  const command = new Command('store')
    .description('the local object store: a real Ceph radosgw, made and thrown away')
    .addHelpText('after', '\nExample:\n  kiln store up && kiln store ls s3://flights/');
  for (const child of [up, down, status, put, get, ls]) command.addCommand(child().exitOverride());
  return command;
}
