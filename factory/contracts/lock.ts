import { z } from 'zod';
import { ChannelName } from './conda';
import { Digest, Name, Sha256 } from './digest';

/** What an input is for: a layer, or one of OTHER_USES. */
export const Use = Name;
export type Use = z.infer<typeof Use>;

/** Bytes of the longest name that file systems take. */
const LONGEST_NAME = 255;

/** No folder, no option of a program, nothing that is hidden, and no character that a terminal obeys. */
const isFileName = (name: string): boolean =>
  /^[\p{L}\p{N}_][^/\\\p{C}\p{Z}]*$/u.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;

/** A layer's recipe finds its inputs under their names: one that came from a registry may not lead anywhere else. */
const FileName = z
  .string()
  .refine(isFileName, { message: 'must be the plain name of a file, of 255 bytes at most' });

/** Paths are relative to the root of a mirror, so that the lock holds on any mirror and names no host. */
const MirrorPath = z.string().refine((path) => path.split('/').every(isFileName), {
  message: 'must be relative to the root of a mirror, of plain names',
});

const bytes = { size: z.int().nonnegative(), sha256: Sha256 };

export const DebianInput = z.strictObject({
  use: Use,
  source: z.literal('debian'),
  name: z.string(),
  version: z.string(),
  arch: z.enum(['amd64', 'all']),
  /** The archive the path is relative to: `debian` or `debian-security`. */
  archive: z.enum(['debian', 'debian-security']),
  path: MirrorPath,
  ...bytes,
});
export const PypiInput = z.strictObject({
  use: Use,
  source: z.literal('pypi'),
  name: z.string(),
  version: z.string(),
  /** File name as the index lists it. */
  file: FileName,
  ...bytes,
});
export const MavenInput = z.strictObject({
  use: Use,
  source: z.literal('maven'),
  /** `group:artifact`. */
  name: z.string(),
  version: z.string(),
  classifier: z.string().optional(),
  path: MirrorPath,
  ...bytes,
  /** Why it was taken in spite of its conflicts: factory.yaml's force. */
  forced: z.string().optional(),
});
export const CondaInput = z.strictObject({
  use: Use,
  source: z.literal('conda'),
  name: z.string(),
  version: z.string(),
  build: z.string(),
  /** Its name, never an address. */
  channel: ChannelName,
  subdir: z.enum(['linux-64', 'noarch']),
  file: FileName,
  ...bytes,
});
export const Input = z.discriminatedUnion('source', [DebianInput, PypiInput, MavenInput, CondaInput]);
export type DebianInput = z.infer<typeof DebianInput>;
export type PypiInput = z.infer<typeof PypiInput>;
export type MavenInput = z.infer<typeof MavenInput>;
export type CondaInput = z.infer<typeof CondaInput>;
export type Input = z.infer<typeof Input>;

/** An input's own file name, as its registry has it: what layers' recipes find in KILN_INPUTS. */
export const fileName = (input: Input): string =>
  'file' in input ? input.file : input.path.slice(input.path.lastIndexOf('/') + 1);

/** Two inputs of one use under one name would be one file, and one line of the layer's key. */
const distinctlyNamed = (inputs: readonly Input[], context: z.RefinementCtx<Input[]>): void => {
  const seen = new Map<string, Input>();
  for (const [index, input] of inputs.entries()) {
    const place = `${input.use} ${fileName(input)}`;
    const other = seen.get(place);
    if (other !== undefined)
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `${fileName(input)} is the file name of ${other.name} ${other.version}, too, which is for ${input.use} as well`,
      });
    seen.set(place, input);
  }
};

const Choice = z.strictObject({ value: z.string(), reason: z.string() });

/** factory.lock.json: every input of an image by content, and why it was chosen. */
export const Lock = z.strictObject({
  version: z.literal(1),
  image: z.string(),
  /** Digest of what was asked for: the spec's resolving parts and the environment file. */
  spec: Digest,
  /** SOURCE_DATE_EPOCH of the bake in seconds: the newest Date of the suites' Release files. */
  epoch: z.int().positive(),
  choices: z.strictObject({
    spark: Choice,
    debian: Choice,
    java: Choice,
    scala: Choice,
    python: Choice,
    hadoop: Choice,
    sdk: Choice,
    /** `shipped` or `replaced`: whose Hadoop client is in the image, Spark's own or that of hadoop-aws. */
    s3a: Choice.extend({ value: z.enum(['shipped', 'replaced']) }).default({
      value: 'shipped',
      reason: 'locked before there was a choice',
    }),
    committer: Choice,
    /** `slim` or `full`: how the recipe of the spark layer treats Spark's jars. */
    jars: Choice.extend({ value: z.enum(['slim', 'full']) }).default({
      value: 'full',
      reason: 'locked before there was a choice',
    }),
    /** `slim` or `full`: whether the hadoop layer has all of the AWS SDK, or what S3A loads of it. */
    sdkClasses: Choice.extend({ value: z.enum(['slim', 'full']) }).default({
      value: 'full',
      reason: 'locked before there was a choice',
    }),
    /** `shared` or `none`: whether the jars layer makes a class data archive. */
    classData: Choice.extend({ value: z.enum(['shared', 'none']) }).default({
      value: 'none',
      reason: 'locked before there was a choice',
    }),
  }),
  /** What the recipe of the conda layer leaves out: factory.yaml's conda.without, sorted. */
  condaWithout: z.array(z.string()).default([]),
  /** Sorted by use, source, name. */
  inputs: z.array(Input).superRefine(distinctlyNamed),
});
export type Lock = z.infer<typeof Lock>;
