/** What of a process `runToEnd` needs; `process` itself has it. */
interface Host {
  exitCode?: number | string | null | undefined;
  once(event: 'beforeExit', listener: () => void): unknown;
  readonly stderr: { write(text: string): unknown };
}

/**
 * Gives the process the exit code of its work. Node ends with 0, and without a word, when nothing is left that could
 * settle a promise that is waited for: work that was cut off like that is an internal error, exit code 3.
 */
export async function runToEnd(host: Host, work: () => Promise<number>): Promise<void> {
  let ended = false;
  host.once('beforeExit', () => {
    if (ended) return;
    host.stderr.write(
      'kiln: internal error: it ended before its work was done; run the same command again\n',
    );
    host.exitCode = 3;
  });
  const code = await work();
  ended = true;
  host.exitCode = code;
}
