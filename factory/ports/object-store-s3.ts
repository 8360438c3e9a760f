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
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { KilnError } from '../errors';
import type { ObjectBody, ObjectInfo, ObjectStore } from './object-store';

interface S3Endpoint {
  /** `https://host:port`. */
  readonly url: string;
  /** A Ceph RGW takes any in signatures; with `us-east-1` a new bucket names no location, which it needs. */
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** PEM of the authority that signed the endpoint's certificate; default: the public ones. */
  readonly ca?: string;
}

/**
 * A client of one endpoint, built from its arguments only: every setting that the SDK would
 * otherwise read from AWS_* variables or ~/.aws is given, so that a caller's own do not change what
 * it talks to.
 */
function connect(endpoint: S3Endpoint): S3Client {
  // The pinned SDK serves Node 20; its remark about later ones would be in every output.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  return new S3Client({
    endpoint: endpoint.url,
    region: endpoint.region,
    credentials: { accessKeyId: endpoint.accessKey, secretAccessKey: endpoint.secretKey },
    forcePathStyle: true,
    // RGW answers 400 to the checksums that newer SDKs add by themselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 4,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
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
        ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
      }),
    },
  });
}

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
  return new KilnError({
    code: 'store-unreachable',
    what: `${what}: ${url} cannot be reached: ${message}`,
    hint: 'kiln store status says whether the local store runs',
    cause: error,
  });
}

/** A bucket over S3: Ceph RGW or AWS. Call `close` when done, else open connections keep the process. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #url: string;
  readonly #bucket: string;

  constructor(endpoint: S3Endpoint, bucket: string) {
    this.#client = connect(endpoint);
    this.#url = endpoint.url;
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
      return { key, size: answer.ContentLength ?? 0 };
    } catch (error) {
      // A HEAD has no body that could tell a missing bucket from a missing object.
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
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
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        )
        .catch((error: unknown) => {
          throw explain(error, this.#url, `listing ${this.#name(prefix)}`);
        });
      for (const { Key, Size } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, size: Size ?? 0 };
      }
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
