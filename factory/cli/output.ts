export { formatError } from '../errors';

/** With --json the answer goes to stdout as JSON; everything else, in every mode, to stderr. */
export function answer(json: boolean, value: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text.replace(/\n?$/, '\n'));
}

/** Progress and remarks: never on stdout. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
