import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Message {
  readonly id?: number;
  readonly return?: Json;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: Json;
}

/** A connection to a UNIX socket that a program is about to listen on. */
export async function connect(path: string, patience = 30_000): Promise<Socket> {
  const until = Date.now() + patience;
  for (;;) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = createConnection(path);
        socket.once('connect', () => {
          socket.removeListener('error', reject);
          resolve(socket);
        });
        socket.once('error', reject);
      });
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** QEMU's monitor, one command at a time. */
export class Qmp {
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly events: Message[] = [];
  private next = 1;

  private constructor(private readonly socket: Socket) {
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      rest += text;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.hear(JSON.parse(line) as Message);
    });
    // QEMU's end is told by its process.
    socket.on('error', () => undefined);
  }

  static async open(path: string): Promise<Qmp> {
    const qmp = new Qmp(await connect(path));
    await qmp.run('qmp_capabilities');
    return qmp;
  }

  private hear(message: Message): void {
    if (message.event !== undefined) this.events.push(message);
    if (message.id === undefined) return;
    this.waiting.get(message.id)?.(message);
    this.waiting.delete(message.id);
  }

  /** @throws Error with QEMU's own words. */
  async run(execute: string, args: Json = {}): Promise<Json> {
    const id = this.next++;
    const answer = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    this.socket.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    const { error, return: value } = await answer;
    if (error !== undefined) throw new Error(`${execute}: ${error.desc}`);
    return value ?? null;
  }

  /** Waits for an event whose data has these values, past ones included; each is taken once. */
  async event(name: string, data: Readonly<Record<string, Json>>, patience = 60_000): Promise<void> {
    const until = Date.now() + patience;
    while (Date.now() < until) {
      const at = this.events.findIndex(
        (one) =>
          one.event === name &&
          Object.entries(data).every(
            ([key, value]) => (one.data as Record<string, Json> | undefined)?.[key] === value,
          ),
      );
      if (at >= 0) {
        this.events.splice(at, 1);
        return;
      }
      await sleep(50);
    }
    throw new Error(`QEMU did not tell ${name} ${JSON.stringify(data)} within ${String(patience / 1000)} s`);
  }
}
