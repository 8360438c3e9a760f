/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  /** `here`; `lack` keeps something from working; `note` is worth knowing and stops nothing. */
  readonly state: 'here' | 'note' | 'lack';
  /** What was found: a version, a path, a figure. */
  readonly detail: string;
  /** What it means to lack it. */
  readonly means?: string;
  /** How to get it. */
  readonly remedy?: string;
}
