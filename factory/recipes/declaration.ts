import { z } from 'zod';
import { Name } from '../contracts/digest';

/** A path of a tree, or of kiln's folder: relative, plain, `*` for any characters but `/`. */
const Pattern = z
  .string()
  .refine((path) => /^\S+$/.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part)), {
    message: 'must be a relative path: no white space, no `.`, no `..`, no empty part',
  });

/** What a recipe sees of another layer's tree. A path stands for all that is below it. */
const View = z.strictObject({
  layer: Name,
  /** Only these paths, and the folders that lead to them; default: everything. */
  only: z.array(Pattern).min(1).optional(),
  /** All but these. */
  without: z.array(Pattern).default([]),
});
export type View = z.infer<typeof View>;

/** Locked inputs of another layer that a layer has as well, by the names of their packages: `*` for any characters. */
const InputsOf = z.strictObject({
  layer: Name,
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.*-]*$/, 'must be names of packages')).min(1),
});

/** What of a project a recipe can be given beside its locked inputs: see factory/layers/given. */
const GIVEN = ['code', 'node-schema', 'python'] as const;
export type GivenName = (typeof GIVEN)[number];

/** Parts of the lock that a recipe can be told. A choice is an environment variable too: classData is KILN_CLASS_DATA. */
const LOCK_PARTS = [
  'choices.spark',
  'choices.debian',
  'choices.java',
  'choices.scala',
  'choices.python',
  'choices.hadoop',
  'choices.sdk',
  'choices.s3a',
  'choices.committer',
  'choices.jars',
  'choices.sdkClasses',
  'choices.classData',
  'condaWithout',
  'epoch',
] as const;
export type LockPart = (typeof LOCK_PARTS)[number];

/**
 * What a recipe may take with all that it starts, before it is ended: a slip in a project's code must not take a machine
 * with it. The defaults are several times what the largest recipes take.
 */
export const Limits = z.strictObject({
  minutes: z.int().positive().default(90),
  processes: z.int().positive().default(2000),
  /** MiB. */
  memory: z.int().positive().default(8192),
  /** MiB in the folders that it writes. */
  disk: z.int().positive().default(32_768),
});
export type Limits = z.infer<typeof Limits>;

/**
 * `images/layers/NAME/layer.yaml`: all that decides what a layer's recipe can see. What is not declared here is neither
 * visible to the recipe nor part of the layer's key.
 */
export const Declaration = z.strictObject({
  /** What the layer brings, in a sentence. */
  about: z.string().min(1),
  /**
   * Place among the layers, from the rarest changed to the most often changed: the first is the base, which alone has
   * users, set-id files and the boot files; a layer sees only those before it.
   */
  order: z.int().positive(),
  /** False: the layer is only for recipes that see it, and no file of it comes into the image. */
  inImage: z.boolean().default(true),
  /** Layers that the recipe sees, each unpacked in the folder that KILN_NAME_TREE names. */
  sees: z.array(View).default([]),
  /** Inputs that are locked for other layers, and are inputs of this one too. */
  inputsOf: z.array(InputsOf).default([]),
  /** Files and folders of kiln's own that the recipe reads beside its own folder, relative to kiln's home. */
  sources: z.array(Pattern).default([]),
  /** What it is given of the project. */
  given: z.array(z.enum(GIVEN)).default([]),
  /**
   * Parts of the lock beside its own inputs. With `epoch` its files are dated by the lock, which is of another date
   * with each resolution; without, by a date that never changes.
   */
  lock: z.array(z.enum(LOCK_PARTS)).default([]),
  /** How the names in the file `packages` beside this one are locked: `with` all that they depend on, or `alone`. */
  packages: z.enum(['with-dependencies', 'alone']).optional(),
  /** Variables of the recipe's environment. */
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).default({}),
  /** Threads that the recipe keeps busy most of the time. */
  threads: z.int().positive().default(1),
  /** MiB of memory that it needs at its peak. */
  memory: z.int().positive().default(256),
  /** What it may take at most. */
  limits: Limits.prefault({}),
  /** Seconds that it takes where it was never measured; what others wait for longest begins first. */
  seconds: z.int().positive().default(10),
  /** Bytes of the tree for each byte of input, and MiB beside; measured and rounded up, for the check of disk space. */
  growth: z
    .strictObject({ perInput: z.number().positive(), beside: z.int().nonnegative().default(0) })
    .default({
      perInput: 1,
      beside: 0,
    }),
});
export type Declaration = z.infer<typeof Declaration>;

/** A layer as its folder declares it. */
export type DeclaredLayer = Declaration & { readonly name: string };
