/** Tells a person what a resolver is at, one line at a time. */
export type Step = (line: string) => void;
