/** A jar that is asked for. */
export interface MavenRequest {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier: string | undefined;
  /** What of its dependencies is left out, `group:artifact`; either may be `*`. */
  readonly exclude: readonly string[];
}

/** An artifact that takes part, at the one version that Maven settles on. */
export interface MavenNode {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier: string | undefined;
  /** `jar`, `pom`, `test-jar`, … */
  readonly type: string;
  /** What it brings; an artifact stands once in the whole tree, where it is nearest to a request. */
  readonly children: readonly MavenNode[];
}

/** Maven's own resolution: nearest version, dependency management, scopes, exclusions, relocations. */
export interface Maven {
  /**
   * What the requests need at run time, as if one project had them as dependencies in that order. Optional, provided and
   * test dependencies are left out. Only poms are read.
   * @throws KilnError `unresolvable` that names the artifact whose pom cannot be had; `missing-tool` without Java.
   */
  tree(requests: readonly MavenRequest[]): Promise<readonly MavenNode[]>;
}
