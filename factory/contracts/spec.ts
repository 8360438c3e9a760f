import { z } from 'zod';
import { ChannelAddress, ChannelName } from './conda';
import { Name } from './digest';
import { NightlySpec } from './nightly';

/** A path inside the project. */
export const RelativePath = z
  .string()
  .min(1)
  .refine((p) => !p.startsWith('/') && !p.split('/').includes('..'), {
    message: 'must be a path inside the project, relative to factory.yaml',
  });

/** `s3://BUCKET` or `s3://BUCKET/PREFIX`. */
const BucketAddress = z
  .string()
  .regex(
    /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\/?$/,
    'must be s3://BUCKET or s3://BUCKET/PREFIX',
  );

/** A registry in a bucket, of AWS or of a Ceph RGW; keys come from the standard AWS chain, never from a file of kiln's. */
export const BucketRegistry = z.strictObject({
  address: BucketAddress,
  /** `https://host[:port]` of a store that is not AWS. */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be https://HOST or https://HOST:PORT' })
    .refine((url) => !URL.canParse(url) || new URL(url).pathname === '/', 'must name no path')
    .optional(),
  /** Default: us-east-1 with an endpoint, else what the AWS environment or profile says. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-central-1')
    .optional(),
  /** PEM of the authority of the endpoint's certificate, a file of this project; default: the public ones. */
  ca: RelativePath.optional(),
});
export type BucketRegistry = z.infer<typeof BucketRegistry>;

/** A folder of this project, or a bucket. */
const Registry = z.union(
  [
    z
      .string()
      .startsWith('s3://')
      .transform((address) => ({ address }))
      .pipe(BucketRegistry),
    RelativePath.refine(
      (path) => !path.includes('://'),
      'must be a folder of this project or s3://BUCKET/PREFIX',
    ),
    BucketRegistry,
  ],
  'must be a folder of this project, s3://BUCKET/PREFIX, or a bucket with address, endpoint, region, ca',
);

/**
 * What an image must have before a channel takes it. A further kind is a member here, a file in
 * factory/registry/gates/ and its line in the index there.
 */
export const Gate = z.discriminatedUnion(
  'kind',
  [
    /** The disk was booted by `kiln verify` and every check held. */
    z.strictObject({ kind: z.literal('verified') }),
    /** `kiln reproduce` baked it again and got the same bits. */
    z.strictObject({ kind: z.literal('reproduced') }),
    /** No part of it is past its end of life, or `endOfLife` says until when that is accepted. */
    z.strictObject({ kind: z.literal('supported') }),
    /** It was what another channel pointed at for so long, all times together. */
    z.strictObject({
      kind: z.literal('hours'),
      hours: z.number().positive(),
      /** Default: the channel before this one in factory.yaml. */
      in: Name.optional(),
    }),
    /** A program, run in the project's folder without a shell, exits with 0. It is told KILN_IMAGE and KILN_CHANNEL. */
    z.strictObject({
      kind: z.literal('command'),
      name: Name,
      run: z.array(z.string().min(1)).min(1),
      /** Seconds. */
      timeout: z.int().positive().default(600),
    }),
  ],
  { error: 'must be kind: verified, reproduced, supported, hours or command' },
);
export type Gate = z.infer<typeof Gate>;

export const ChannelSpec = z.strictObject({ gates: z.array(Gate).default([]) });

const COORDINATES = 'group:artifact:version or group:artifact:version:classifier';
const Coordinates = z
  .string()
  .regex(/^[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+)?$/, `must be ${COORDINATES}`)
  .refine((text) => !/:(LATEST|RELEASE|[^:]*-SNAPSHOT)(:|$)/.test(text), {
    message: 'must be a release: what LATEST, RELEASE and -SNAPSHOT stand for changes',
  });

/** A jar of a Maven repository: its coordinates, or a mapping that says more. */
export const JarSpec = z.preprocess(
  (value) => (typeof value === 'string' ? { jar: value } : value),
  z.strictObject(
    {
      jar: Coordinates,
      /** What it depends on and is left out, `group:artifact`; either may be `*`. */
      exclude: z
        .array(z.string().regex(/^([\w.-]+|\*):([\w.-]+|\*)$/, 'must be group:artifact; either may be *'))
        .optional(),
      /** Why this jar comes into the image though it conflicts with what is there. */
      force: z.string().min(1, 'must say why').optional(),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type'
          ? `must be ${COORDINATES}, or a mapping of jar, exclude and force`
          : undefined,
    },
  ),
);
export type JarSpec = z.infer<typeof JarSpec>;

/**
 * A package's name and nothing of what apt-get would read as a wish: `htop+` and `htop-`, `htop=1.0`, `htop/sid`, `htop:i386`,
 * patterns and tasks. Names may end in `++`.
 */
const DebianName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]*(?:[a-z0-9]|\+\+)$/,
    "must be the name of a Debian package alone, without apt's operators, a version or an architecture",
  );

/** factory.yaml: what every node is made of, written down once. */
export const Spec = z.strictObject({
  image: Name,
  /** Exact Spark release, 2.2 and later; factory/spec refuses what is none. */
  spark: z.string(),
  /** Debian suite of the base; default: the compatibility table's for this Spark. */
  debian: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  /** Major Java version; default: the compatibility table's for this Spark. */
  java: z.int().positive().optional(),
  /** Debian packages beside those kiln needs itself. */
  debs: z.array(DebianName).default([]),
  conda: z.strictObject({
    /** A conda environment file; its `channels` are names or addresses. */
    environment: RelativePath,
    /**
     * Where a named channel lives, if not at the client's alias: a folder of this project or a URL, in which
     * `${VARIABLE}` stands for what no committed file may have.
     */
    channels: z.record(ChannelName, ChannelAddress).default({}),
    /**
     * What of the environment is left out of the image: paths in it, with `*`, `?` and `**` as shells have them.
     * One that matches nothing fails the bake. Default: nothing is.
     */
    without: z.array(RelativePath).default([]),
  }),
  /** Folder of the team's Python package (pyproject.toml, setup.py, setup.cfg), or of its scripts and notebooks. */
  code: RelativePath,
  /** Extra Maven jars; what they need at run time comes with them. */
  maven: z.array(JarSpec).default([]),
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
  /** Where images and channels are kept: a folder of this project or a bucket. */
  registry: Registry.default('.kiln/registry'),
  /** Until when somebody answers for parts that are past their end of life, and why: for the gate `supported`. */
  endOfLife: z
    .strictObject({
      /** The last day, UTC. */
      until: z.iso.date('must be a day, such as 2027-06-30'),
      because: z.string().min(1, 'must say why'),
    })
    .optional(),
  /** In the order of promotion. */
  channels: z.record(Name, ChannelSpec),
  nightly: NightlySpec.prefault({}),
});
export type Spec = z.infer<typeof Spec>;
