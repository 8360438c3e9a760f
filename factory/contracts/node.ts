import { z } from 'zod';
import { Digest, Name } from './digest';

/*
 * The JSON Schema generated from here ships in the image and is checked by a small validator there
 * (images/rootfs/usr/lib/kiln): only constructs that it knows may be used: strict objects, arrays,
 * records, enums, literals, unions, strings with pattern and length, integers with bounds.
 */

const Host = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be a host name or IPv4 address');
const Port = z.int().min(1).max(65535);

const AwsName = z.string().regex(/^[A-Za-z0-9._-]{1,255}$/, 'must be 1 to 255 of A-Z, a-z, 0-9, ., _ and -');
const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region');

/**
 * A secret by reference, never by value: a file on the node, a systemd system credential, or a parameter of
 * AWS Systems Manager that the instance's role may read.
 */
export const SecretRef = z.union([
  z.strictObject({ file: z.string().regex(/^\/[^\0]+$/, 'must be an absolute path') }),
  z.strictObject({ credential: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'must be a credential name') }),
  z.strictObject({
    ssm: z.string().regex(/^(\/[A-Za-z0-9_.-]+)+$/, 'must be the full name of a parameter, as /kiln/secret'),
    region: Region,
  }),
]);
export type SecretRef = z.infer<typeof SecretRef>;

/** Which local disks become /scratch (knowledge: scratch rules 1 and 5). */
export const ScratchPolicy = z.union([
  z.strictObject({
    kind: z.literal('disks'),
    /** Positive evidence, exactly one of these. Sizes in GiB, both ends included. */
    select: z.union([
      z.strictObject({ model: z.string().min(1) }),
      z.strictObject({ serialPrefix: z.string().min(1) }),
      z.strictObject({ serials: z.array(z.string().min(1)).min(1) }),
      z.strictObject({ wwns: z.array(z.string().min(1)).min(1) }),
      z.strictObject({ minGiB: z.int().min(1), maxGiB: z.int().min(1) }),
    ]),
    /** How many disks there must be. */
    disks: z.int().min(1).max(64),
    /** Seconds to wait for all of them. */
    deadline: z.int().min(1).max(600),
    /** What to do when fewer come: stop, or stripe what is there. */
    missing: z.enum(['fail', 'degrade']),
    /** Serials of selected disks whose foreign data may be overwritten. Default: none may. */
    erase: z.array(z.string().min(1)).optional(),
  }),
  /** A directory mounted at /scratch by whoever started the machine (systemd-nspawn). */
  z.strictObject({ kind: z.literal('directory') }),
]);
export type ScratchPolicy = z.infer<typeof ScratchPolicy>;

/** Where data lives. `buckets` bind the settings per bucket, so that one job reads from one store and writes to another. */
export const Store = z.union([
  z.strictObject({
    kind: z.literal('rgw'),
    name: Name,
    /** `https://host:port`; RGW over plain HTTP answers 400 to S3A's empty PUTs. */
    endpoint: z.string().regex(/^https:\/\/[A-Za-z0-9.-]+(:\d+)?$/, 'must be https://host[:port]'),
    buckets: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name')).min(1),
    accessKey: SecretRef,
    secretKey: SecretRef,
    /** PEM of the authority that signed the endpoint's certificate, where it is not a public one. */
    ca: SecretRef.optional(),
  }),
  z.strictObject({
    kind: z.literal('aws'),
    name: Name,
    region: Region,
    buckets: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name')).min(1),
  }),
]);
export type Store = z.infer<typeof Store>;

/** Of the first group, the bucket. No `.` or `..` is a part of the path: no store knows them. */
const WAREHOUSE = /^s3a:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/(?!\.{1,2}(\/|$))[A-Za-z0-9!_.'()=-]+)+$/;

/** Settings of Spark that guard the cluster's secret. */
const GUARDED = ['spark.authenticate', 'spark.authenticate.secret'];

const Fields = z.strictObject({
  version: z.literal(1),
  cluster: Name,
  /**
   * One image serves all. `history`: shows what jobs have logged; `notebook`: JupyterLab with a kernel on this
   * cluster; `driver`: no daemon, jobs are submitted from it; `standby`: ground checks and scratch only, no Spark.
   */
  role: z.enum(['master', 'worker', 'history', 'notebook', 'driver', 'standby']),
  /** Where the master listens. */
  master: z.strictObject({ host: Host, port: Port }),
  /** The image this node must be; a mismatch stops it. */
  image: z.strictObject({ digest: Digest, contentId: Digest }),
  scratch: ScratchPolicy,
  stores: z.array(Store),
  secrets: z.strictObject({
    /** spark.authenticate.secret of this cluster. */
    spark: SecretRef,
    /** What JupyterLab asks for; a node with the role notebook must have it. */
    notebook: SecretRef.optional(),
  }),
  spark: z.strictObject({
    /** Overrides of spark-defaults; keys start with `spark.`. */
    conf: z.record(z.string().regex(/^spark\.[A-Za-z0-9._-]+$/, 'must start with spark.'), z.string()),
    /**
     * Where tables lie, in a bucket of `stores`; paths without a scheme are in that bucket, too. Default: nowhere,
     * and a job that writes a table is refused.
     */
    warehouse: z.string().regex(WAREHOUSE, 'must be s3a://BUCKET/PATH').optional(),
    /** What a worker offers; default: all cores, and memory by the reserve table. */
    worker: z.strictObject({ cores: z.int().min(1).max(1024), memoryMiB: z.int().min(512) }).optional(),
    /**
     * Cores of one executor, which decide how many of them share a worker and its memory.
     * Default: one executor a worker, or as many as keep each heap below 31 GiB.
     */
    executorCores: z.int().min(1).max(1024).optional(),
    /** Scratch with less left than this stops a worker. Default: 2 % of its size, from 256 MiB to 10 GiB. */
    leastFreeMiB: z.int().min(1).optional(),
    /** Seconds after which an idle notebook's executors go. */
    notebook: z
      .strictObject({
        /** Of an executor without work. Default: 120. */
        idleSeconds: z.int().min(1).max(86_400).optional(),
        /** Of one with cached or shuffled data, at least idleSeconds. Default: 1800. */
        idleWithDataSeconds: z.int().min(1).max(604_800).optional(),
      })
      .optional(),
    /** A worker that is told to leave. */
    leave: z
      .strictObject({
        /** Who tells: `ec2`: the instance metadata, of an interruption and of what the hook's group intends. */
        notice: z.enum(['none', 'ec2']),
        /** Until the worker is stopped, whatever has not moved by then. AWS gives two minutes. */
        seconds: z.int().min(5).max(3600),
        /** The hook of an auto-scaling group that holds the machine until its worker has left. */
        hook: z.strictObject({ group: AwsName, name: AwsName, region: Region }).optional(),
      })
      .optional(),
  }),
});
/**
 * node.json: all that a machine learns at boot. The rules that a JSON Schema cannot say are told here and, in
 * the same words, in images/rootfs/usr/lib/kiln/kiln_node/nodejson/rules.py.
 */
export const NodeConfig = Fields.superRefine((node, context) => {
  const fault = (path: PropertyKey[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  const owner = new Map<string, string>();
  node.stores.forEach((store, index) => {
    for (const bucket of store.buckets) {
      const before = owner.get(bucket);
      if (before !== undefined)
        fault(['stores', index, 'buckets'], `bucket "${bucket}" is already of store "${before}"`);
      owner.set(bucket, store.name);
    }
  });
  const bucket = WAREHOUSE.exec(node.spark.warehouse ?? '')?.[1];
  if (bucket !== undefined && !owner.has(bucket))
    fault(['spark', 'warehouse'], `bucket "${bucket}" is of no store`);
  if (node.scratch.kind === 'disks' && 'minGiB' in node.scratch.select) {
    const { minGiB, maxGiB } = node.scratch.select;
    if (minGiB > maxGiB) fault(['scratch', 'select', 'minGiB'], `must be at most maxGiB, ${String(maxGiB)}`);
  }
  for (const key of GUARDED)
    if (key in node.spark.conf) fault(['spark', 'conf', key], 'may not be set: secrets.spark decides it');
  if (node.role === 'notebook' && node.secrets.notebook === undefined)
    fault(['secrets', 'notebook'], 'is missing: JupyterLab opens to nobody without one');
});
export type NodeConfig = z.infer<typeof NodeConfig>;
