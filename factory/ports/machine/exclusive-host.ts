import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { KilnError } from '../../errors';
import type { Exclusively, TryExclusively } from './exclusive';

/**
 * flock(1) on a file that is removed when it is given back: the name may by then stand for another
 * file, so look again after taking it. Ends with its standard input, that is with us.
 */
const HOLD = `
set -eu
while :; do
  exec 9>>"$1"
  if ! flock -n 9; then
    echo wait
    [ "$3" = wait ] || exit 0
    flock 9
  fi
  if [ "$1" -ef /proc/self/fd/9 ]; then break; fi
done
# A full disk has no room for the words; the lock is held all the same.
printf '%s' "$2" 2>/dev/null >"$1" || true
echo held
read -r _ || true
rm -f "$1"
`;

interface Hold {
  readonly file: string;
  readonly purpose: string;
  /** Whether another process that has it is waited for; told of it in either case. */
  readonly wait: boolean;
  readonly onWait: (holder: string) => void;
}

/** Undefined when another process has it and is not waited for. */
async function holding<T>(
  { file, purpose, wait, onWait }: Hold,
  work: () => Promise<T>,
): Promise<{ readonly done: T } | undefined> {
  await mkdir(dirname(file), { recursive: true });
  const text = `process ${String(process.pid)}: ${purpose}`;
  const child = spawn('bash', ['-c', HOLD, 'kiln-lock', file, text, wait ? 'wait' : 'try'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Out of the terminal's group: Ctrl-C ends us, and the end of our pipe ends it.
    detached: true,
  });
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  try {
    let said = '';
    for await (const line of createInterface(child.stdout)) {
      said = line;
      if (line !== 'wait') break;
      onWait(await readFile(file, 'utf8').catch(() => ''));
    }
    if (said === 'wait' && !wait) return undefined;
    if (said !== 'held')
      throw new KilnError({ code: 'lock-failed', what: `the lock ${file} cannot be taken` });
    return { done: await work() };
  } finally {
    child.stdin.end();
    await closed;
  }
}

/** Waits for as long as it takes: what others do under the lock has deadlines of its own. */
export const exclusively: Exclusively = async (file, purpose, work, onWait) => {
  const held = await holding({ file, purpose, wait: true, onWait: (holder) => onWait?.(holder) }, work);
  if (held === undefined) throw new Error('waited without end');
  return held.done;
};

export const tryExclusively: TryExclusively = async (file, purpose, work) => {
  let holder = '';
  const held = await holding(
    {
      file,
      purpose,
      wait: false,
      onWait: (found) => {
        holder = found;
      },
    },
    work,
  );
  return held ?? { holder };
};
