/* Apart from the schemas, so that the command can name them without loading a validator. */

/** The name of a layer: that of its folder in images/layers/, whose layer.yaml declares it (factory/recipes). */
export type LayerName = string;

/** What an input of the lock may be for beside a layer: the tools that build the disk, and the jobs' sample data. */
export const OTHER_USES = ['tools', 'samples'] as const;

/**
 * The order in which a lock lists what its inputs are for, so that a review sees only what changed; uses that are not
 * named here follow by name.
 */
export const WRITTEN_ORDER = ['os', 'spark', 'hadoop', 'conda', 'jars', 'node', 'code', 'tools', 'samples'];
