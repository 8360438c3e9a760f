/** kiln's own commands, each in a process of its own, by what they promise to programs: --json and exit codes. */
export interface KilnOptions {
  /** Another specification than the project's factory.yaml, absolute. */
  readonly spec?: string;
  /** Called for every line that it says on standard error. */
  readonly onLine?: (line: string) => void;
}

export interface Kiln {
  /**
   * Runs `kiln WORDS… --json` to its end. When this process ends, however it does, so does the other.
   * @returns what it answered, with exit code 0 (done) or 1 (the answer is no).
   * @throws KilnError the one that it ended with, as it was.
   */
  run(
    words: readonly string[],
    options?: KilnOptions,
  ): Promise<{ readonly code: 0 | 1; readonly answer: unknown }>;
}
