/**
 * Every failure a person may see: what happened, where, and the way out.
 *
 * Exit codes: 1 the answer is no, 2 wrong use, 3 failed.
 */
export type ExitCode = 1 | 2 | 3;

export interface Fault {
  /** File (and position in it) or resource the fault is in, e.g. `factory.yaml: channels.staging`. */
  readonly where: string;
  readonly what: string;
  /** What to do about it. */
  readonly hint?: string;
}

export class KilnError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly faults: readonly Fault[];

  constructor(options: {
    /** Stable, kebab-case, for scripts: `lock-stale`, `not-root`. */
    readonly code: string;
    readonly what: string;
    readonly hint?: string;
    readonly exitCode?: ExitCode;
    readonly faults?: readonly Fault[];
    readonly cause?: unknown;
  }) {
    super(options.what, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KilnError';
    this.code = options.code;
    this.exitCode = options.exitCode ?? 3;
    this.hint = options.hint;
    this.faults = options.faults ?? [];
  }
}

/** An error as a person reads it: what, every fault, the way out. */
export function formatError(error: KilnError): string {
  const faults = error.faults.map(
    (f) =>
      `  ${f.where}: ${f.what}${f.hint === undefined ? '' : `\n    ${f.hint.replaceAll('\n', '\n    ')}`}`,
  );
  const hint = error.hint === undefined ? [] : [`  ${error.hint.replaceAll('\n', '\n  ')}`];
  return [`kiln: ${error.message}`, ...faults, ...hint].join('\n');
}
