import type { Socket } from 'node:net';
import { connect } from './qmp';

/** Name of the virtio port that the guest's shell reads. */
export const SHELL_PORT = 'org.kiln.test';

/**
 * A unit that the test brings along as a system credential (systemd.system-credentials(7), systemd.extra-unit.*; its
 * name is short because QEMU's are): a root shell on a port of the machine. The image has nothing of it.
 */
export const SHELL_CREDENTIALS: Readonly<Record<string, string>> = {
  'systemd.extra-unit.t.service': [
    '[Unit]',
    'DefaultDependencies=no',
    'After=local-fs.target',
    '[Service]',
    'ExecStart=/bin/bash',
    `StandardInput=file:/dev/virtio-ports/${SHELL_PORT}`,
    `StandardOutput=file:/dev/virtio-ports/${SHELL_PORT}`,
    'Restart=always',
    'RestartSec=1',
    '',
  ].join('\n'),
};

/** The kernel's word that starts it. */
export const SHELL_WANTED = 'systemd.wants=t.service';

export interface Ran {
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

/** The guest's shell: a command's answer is one line, its exit code and its output in base64. */
export class GuestShell {
  private rest = '';
  private commands = 0;
  private hear: (line: string) => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.hear(line);
    });
    socket.on('error', () => undefined);
  }

  static async open(path: string): Promise<GuestShell> {
    return new GuestShell(await connect(path));
  }

  /** @param patience milliseconds; a command that takes longer is a failed test. */
  async run(command: string, patience = 300_000): Promise<Ran> {
    const mark = `kiln-${String(process.pid)}-${String((this.commands += 1))}`;
    const script = Buffer.from(command).toString('base64');
    const answer = new Promise<Ran>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`the guest did not answer within ${String(patience / 1000)} s: ${command}`));
      }, patience);
      this.hear = (line) => {
        const [told, code, output = ''] = line.trim().split(' ');
        if (told !== mark) return;
        clearTimeout(late);
        resolve({ code: Number(code), output: Buffer.from(output, 'base64').toString('utf8') });
      };
    });
    this.socket.write(
      `echo ${script} | base64 -d >/run/t.sh; ` +
        'o=$(bash /run/t.sh 2>&1 </dev/null | base64 -w0; exit ${PIPESTATUS[0]}); ' +
        `echo "${mark} $? $o"\n`,
    );
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }
}
