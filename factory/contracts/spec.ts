import { z } from 'zod';
import { Name } from './digest';
import { NightlySpec } from './nightly';

const RelativePath = z
  .string()
  .min(1)
  .refine((p) => !p.startsWith('/') && !p.split('/').includes('..'), {
    message: 'must be a path inside the project, relative to factory.yaml',
  });

/** What an image must have before a channel takes it. More kinds come as further members. */
export const Gate = z.discriminatedUnion(
  'kind',
  [
    /** The disk was booted by `kiln verify` and every check held. */
    z.strictObject({ kind: z.literal('verified') }),
    z.strictObject({ kind: z.literal('reproduced') }),
  ],
  { error: 'must be kind: verified or kind: reproduced' },
);
export type Gate = z.infer<typeof Gate>;

export const ChannelSpec = z.strictObject({ gates: z.array(Gate).default([]) });

/** factory.yaml: what every node is made of, written down once. */
export const Spec = z.strictObject({
  image: Name,
  /** Exact Spark release, 2.2 and later. */
  spark: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be an exact release such as 4.1.4'),
  /** Debian suite of the base; default: the compatibility table's for this Spark. */
  debian: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  /** Major Java version; default: the compatibility table's for this Spark. */
  java: z.int().positive().optional(),
  /** Debian packages beside those kiln needs itself. */
  debs: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be a Debian package name')).default([]),
  conda: z.strictObject({
    /** A conda environment file; its `channels` are names or addresses. */
    environment: RelativePath,
    /** Where a named channel lives, if not at the client's alias: a folder of this project or a URL. */
    channels: z.record(Name, z.string().min(1)).default({}),
    /**
     * What of the environment is left out of the image: paths in it, with `*`, `?` and `**` as shells have them.
     * One that matches nothing fails the bake. Default: nothing is.
     */
    without: z.array(RelativePath).default([]),
  }),
  /** Folder of the team's Python package (pyproject.toml). */
  code: RelativePath,
  /** Extra Maven jars, `group:artifact:version`. */
  maven: z.array(z.string().regex(/^[\w.-]+:[\w.-]+:[\w.-]+$/, 'must be group:artifact:version')).default([]),
  /**
   * Spark's jars and the AWS SDK as released, or without what a standalone cluster never loads;
   * default: slim where the compatibility table says that it was proven.
   */
  jars: z.enum(['slim', 'full'], 'must be slim or full; further Maven jars stand under maven').optional(),
  /**
   * One archive of loaded classes for master, worker, driver and executor (class data sharing), which halves their
   * start for a tenth of the disk; default: shared where the compatibility table says that it was proven.
   */
  classData: z.enum(['shared', 'none'], 'must be shared or none').optional(),
  /** PyPI distributions whose files the jobs read as input: locked, kept in the vault, never in the image. */
  samples: z.array(z.string().regex(/^[A-Za-z0-9._-]+==[\w.]+$/, 'must be project==version')).default([]),
  /** A folder of this project. */
  registry: RelativePath.default('.kiln/registry'),
  /** In the order of promotion. */
  channels: z.record(Name, ChannelSpec),
  nightly: NightlySpec.prefault({}),
});
export type Spec = z.infer<typeof Spec>;
