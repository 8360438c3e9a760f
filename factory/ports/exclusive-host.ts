import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { KilnError } from '../errors';
import type { Exclusively } from './exclusive';

/**
 * flock(1) on a file that is removed when it is given back: the name may by then stand for another
 * file, so look again after taking it. Ends with its standard input, that is with us.
 */
const HOLD = `
set -eu
while :; do
  exec 9>>"$1"
  if ! flock -n 9; then echo wait; flock 9; fi
  if [ "$1" -ef /proc/self/fd/9 ]; then break; fi
done
# A full disk has no room for the words; the lock is held all the same.
printf '%s' "$2" 2>/dev/null >"$1" || true
echo held
read -r _ || true
rm -f "$1"
`;

/** Waits for as long as it takes: what others do under the lock has deadlines of its own. */
export const exclusively: Exclusively = async (file, purpose, work, onWait) => {
  await mkdir(dirname(file), { recursive: true });
  const text = `process ${String(process.pid)}: ${purpose}`;
  const child = spawn('bash', ['-c', HOLD, 'kiln-lock', file, text], {
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
    let held = false;
    for await (const line of createInterface(child.stdout)) {
      if (line === 'wait') onWait?.(await readFile(file, 'utf8').catch(() => ''));
      else {
        held = line === 'held';
        break;
      }
    }
    if (!held) throw new KilnError({ code: 'lock-failed', what: `the lock ${file} cannot be taken` });
    return await work();
  } finally {
    child.stdin.end();
    await closed;
  }
};
