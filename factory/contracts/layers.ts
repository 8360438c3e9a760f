/* Apart from the schemas, so that the command can name them without loading a validator. */

/** The layers of an image from the rarest changed to the most often changed. */
export const LAYERS = ['os', 'spark', 'hadoop', 'conda', 'jars', 'node', 'code'] as const;
export type LayerName = (typeof LAYERS)[number];

/** What an input is for: a layer, the tools that build the disk, or the jobs' sample data. */
export const USES = [...LAYERS, 'tools', 'samples'] as const;
