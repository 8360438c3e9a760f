import type { Exec } from '../../ports/machine/exec';
import type { Project } from '../../project';

/** The project that a recipe is given something of. */
interface GivenContext {
  readonly project: Project;
  /** factory.yaml's folder of the code package. */
  readonly code: string;
  readonly exec: Exec;
}

/** What a recipe gets of it. */
interface Placed {
  /** Variables of the recipe's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Paths that the recipe sees, read-only. */
  readonly visible?: readonly string[];
  /** What a person should know of it. */
  readonly notes?: readonly string[];
}

/** Something of a project that a layer's declaration may ask for (`given` in layer.yaml). */
export interface Given {
  /** What counts in the layer's key: name in words -> digest. */
  digests(context: GivenContext): Promise<Readonly<Record<string, string>>>;
  /** Puts it where the recipe finds it: in the folder of the inputs, or in a new one in `work`. */
  place(context: GivenContext, folders: { readonly work: string; readonly inputs: string }): Promise<Placed>;
}
