import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import type { ObjectBody, ObjectInfo, ObjectStore } from './object-store';

/** Where a bucket is, and by whose right. */
export interface S3Endpoint {
  /** `https://host:port`; default: AWS. */
  readonly url?: string;
  /**
   * A Ceph RGW takes any in signatures; with `us-east-1` a new bucket names no location, which it needs.
   * Default: what the AWS environment or profile says.
   */
  readonly region?: string;
  /** Default: the standard AWS chain (environment, profile, container, instance). */
  readonly keys?: { readonly accessKey: string; readonly secretKey: string };
  /** PEM of the authority that signed the endpoint's certificate; default: the public ones. */
  readonly ca?: string;
}

/** With an endpoint of its own, nothing of a caller's AWS settings but the keys changes what is talked to. */
function fixed(endpoint: S3Endpoint): S3ClientConfig {
  if (endpoint.url === undefined) return {};
  return {
    endpoint: endpoint.url,
    forcePathStyle: true,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
  };
}

function connect(endpoint: S3Endpoint): S3Client {
  // The pinned SDK serves Node 20; its remark about later ones would be in every output.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const { region, keys, ca } = endpoint;
  return new S3Client({
    ...fixed(endpoint),
    ...defined({ region }),
    ...(keys === undefined
      ? {}
      : { credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey } }),
    // RGW answers 400 to the checksums that newer SDKs add by themselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 4,
    retryMode: 'standard',
    defaultsMode: 'standard',
    disableS3ExpressSessionAuth: true,
    authSchemePreference: ['aws.auth#sigv4'],
    userAgentAppId: 'kiln',
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 120_000,
      throwOnRequestTimeout: true,
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: 16,
        rejectUnauthorized: true,
        ...defined({ ca }),
      }),
    },
  });
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

const foreignAnswer = (what: string, url: string, why: string): KilnError =>
  new KilnError({
    code: 'store-failed',
    what: `${what}: what ${url} answers is not of S3: ${why}`,
    hint: 'look what answers there: a proxy or a sign-in page may stand in place of the store',
  });

/** An answer came, and the SDK cannot read it; a connection that broke in the middle of one has a code beside. */
const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && '$response' in error && !('code' in error);

/** The SDK's service errors hold the whole connection, so they are put in words and not kept as a cause. */
function explain(error: unknown, url: string, what: string): KilnError {
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode;
    if (error.name === 'NoSuchBucket') {
      return new KilnError({ code: 'bucket-missing', what: `${what}: there is no such bucket at ${url}` });
    }
    if (error.name === 'NoSuchKey' || error.name === 'NotFound') {
      return new KilnError({ code: 'object-missing', what: `${what}: there is no such object` });
    }
    if (status === 401 || status === 403) {
      return new KilnError({
        code: 'store-refused',
        what: `${what}: ${url} refuses it (${error.name})`,
        hint: 'the keys are not those of this store, or have no right to do this',
      });
    }
    return new KilnError({
      code: 'store-failed',
      what: `${what}: ${url} answers ${String(status ?? '?')} ${error.name}: ${error.message}`,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'CredentialsProviderError') {
    return new KilnError({
      code: 'store-no-keys',
      what: `${what}: no keys for ${url}: ${message}`,
      hint: 'kiln takes them as every AWS program does: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine',
      exitCode: 2,
    });
  }
  if (isUnreadable(error)) return foreignAnswer(what, url, message.split('\n', 1).join(''));
  if (/region is missing/i.test(message)) {
    return new KilnError({
      code: 'store-no-region',
      what: `${what}: no region for ${url}`,
      hint: 'say it where the bucket is named (factory.yaml: registry.region), or set AWS_REGION',
      exitCode: 2,
    });
  }
  return new KilnError({
    code: 'store-unreachable',
    what: `${what}: ${url} cannot be reached: ${message}`,
    hint: 'of the local store, kiln store status says whether it runs',
    cause: error,
  });
}

/**
 * The objects of a page of a listing, or what keeps the answer from being one. The SDK reads other XML with status 200,
 * a page of XHTML too, as a list without objects; who removes what is not listed would remove everything.
 */
function objectsOf(
  { Name, IsTruncated, NextContinuationToken, Contents = [] }: ListObjectsV2CommandOutput,
  prefix: string,
  asked: string | undefined,
): readonly ObjectInfo[] | string {
  if (Name === undefined) return 'it names no bucket';
  if (IsTruncated === undefined) return 'it does not say whether it is whole';
  if (IsTruncated && NextContinuationToken === undefined)
    return 'it is cut and does not say where it goes on';
  if (IsTruncated && NextContinuationToken === asked) return 'it goes on where it began';
  const objects: ObjectInfo[] = [];
  for (const { Key, Size, LastModified } of Contents) {
    if (Key?.startsWith(prefix) !== true) return `${Key ?? 'an object without a name'} was not asked for`;
    if (Size === undefined || LastModified === undefined) return `${Key} has no size or no time`;
    objects.push({ key: Key, size: Size, modified: LastModified.getTime() });
  }
  return objects;
}

/** A bucket over S3: Ceph RGW or AWS. Call `close` when done, else open connections keep the process. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #url: string;
  readonly #bucket: string;

  constructor(endpoint: S3Endpoint, bucket: string) {
    this.#client = connect(endpoint);
    this.#url = endpoint.url ?? 'AWS';
    this.#bucket = bucket;
  }

  #name(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }

  /** Makes the bucket; one of ours that is there already is fine. */
  async createBucket(): Promise<void> {
    try {
      await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket }));
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'BucketAlreadyOwnedByYou') return;
      throw explain(error, this.#url, `making bucket ${this.#bucket}`);
    }
  }

  async put(key: string, body: ObjectBody): Promise<void> {
    const content =
      body instanceof Uint8Array
        ? { Body: body, ContentLength: body.length }
        : { Body: createReadStream(body.file), ContentLength: (await stat(body.file)).size };
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, ...content }));
    } catch (error) {
      throw explain(error, this.#url, `writing ${this.#name(key)}`);
    }
  }

  async create(key: string, body: Uint8Array): Promise<boolean> {
    try {
      await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: body,
          ContentLength: body.length,
          IfNoneMatch: '*',
        }),
      );
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      const what = `creating ${this.#name(key)}`;
      if (statusOf(error) === 409) {
        throw new KilnError({ code: 'store-conflict', what: `${what}: another writer holds it` });
      }
      throw explain(error, this.#url, what);
    }
  }

  async get(key: string): Promise<Readable> {
    try {
      const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      // In Node the SDK's body is an IncomingMessage.
      return answer.Body as Readable;
    } catch (error) {
      throw explain(error, this.#url, `reading ${this.#name(key)}`);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      const answer = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      return { key, size: answer.ContentLength ?? 0, modified: answer.LastModified?.getTime() ?? 0 };
    } catch (error) {
      // A HEAD has no body that could tell a missing bucket from a missing object.
      if (statusOf(error) === 404) return undefined;
      throw explain(error, this.#url, `looking at ${this.#name(key)}`);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: prefix,
            ...defined({ ContinuationToken: token }),
          }),
        )
        .catch((error: unknown) => {
          throw explain(error, this.#url, `listing ${this.#name(prefix)}`);
        });
      const objects = objectsOf(page, prefix, token);
      if (typeof objects === 'string')
        throw foreignAnswer(`listing ${this.#name(prefix)}`, this.#url, objects);
      yield* objects;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
    } catch (error) {
      throw explain(error, this.#url, `removing ${this.#name(key)}`);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
