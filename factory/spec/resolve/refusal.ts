/** A choice that cannot be made: at a key of factory.yaml. */
export interface Refusal {
  readonly path: readonly string[];
  readonly what: string;
  readonly hint: string;
}
