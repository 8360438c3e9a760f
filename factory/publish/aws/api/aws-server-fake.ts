import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defined } from '../../../defined';
import { AwsError } from './aws-error';
import type { FakeAws } from './aws-fake';
import { ec2Answer } from './ec2-server-fake';
import { FakeEbs } from './ebs-fake';

/** A FakeAws that listens on loopback, for the real SDK and other processes. */
export interface FakeAwsServer {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it on a free port. @param expired access keys whose time is over; any other is good. */
export async function serveFakeAws(
  aws: FakeAws,
  { expired = [] }: { readonly expired?: readonly string[] } = {},
): Promise<FakeAwsServer> {
  const server: Server = createServer((request, response) => {
    answer(aws, expired, request, response).catch((error: unknown) => {
      // A fault of the fake: its caller sees a broken connection, the test's output the reason.
      process.stderr.write(`fake of AWS: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const CREDENTIAL = /Credential=(?<key>[^/]+)\/\d+\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request/;

async function answer(
  aws: FakeAws,
  expired: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  const {
    key = '',
    region = '',
    service,
  } = CREDENTIAL.exec(request.headers.authorization ?? '')?.groups ?? {};
  const isEc2 = service === 'ec2';
  try {
    if (service === undefined)
      throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
    if (expired.includes(key))
      throw isEc2
        ? new AwsError('RequestExpired', 'Request has expired.', 400)
        : new AwsError('ExpiredTokenException', 'The security token included in the request is expired', 403);
    if (!aws.regions.includes(region))
      throw new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
    if (isEc2) {
      const text = await ec2Answer(aws, region, new URLSearchParams(body.toString('utf8')));
      response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8' });
      response.end(text);
      return;
    }
    await ebsAnswer(new FakeEbs(aws, region), request, body, response);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { code, message, status = 500, reason } = error;
    if (isEc2) {
      response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' });
      response.end(
        `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>0</RequestID></Response>`,
      );
    } else {
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code });
      response.end(JSON.stringify({ Message: message, ...defined({ Reason: reason }) }));
    }
  }
}

interface StartBody {
  readonly VolumeSize: number;
  readonly ParentSnapshotId?: string;
  readonly Encrypted?: boolean;
  readonly KmsKeyArn?: string;
  readonly ClientToken?: string;
  readonly Description?: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
  readonly Timeout?: number;
}

async function ebsAnswer(
  ebs: FakeEbs,
  { method, url = '', headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const json = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, snapshots, second = '', third, fourth] = pathname.split('/');
  if (snapshots !== 'snapshots') throw new AwsError('UnknownOperationException', pathname, 404);
  if (method === 'POST' && second === '') {
    const start = JSON.parse(body.toString('utf8')) as StartBody;
    const { snapshot, blockSize, account, kmsKey } = await ebs.startAs({
      volumeSize: start.VolumeSize,
      ...defined({ parent: start.ParentSnapshotId, kmsKey: start.KmsKeyArn }),
      encrypted: start.Encrypted,
      token: start.ClientToken ?? '',
      description: start.Description ?? '',
      tags: Object.fromEntries((start.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      timeout: start.Timeout ?? 60,
    });
    json(201, {
      SnapshotId: snapshot,
      BlockSize: blockSize,
      OwnerId: account,
      Status: 'pending',
      VolumeSize: start.VolumeSize,
      StartTime: 0,
      ...defined({ KmsKeyArn: kmsKey }),
    });
  } else if (method === 'POST' && second === 'completion') {
    await ebs.completeAs(
      third ?? '',
      { count: Number(header('x-amz-changedblockscount')), checksum: header('x-amz-checksum') },
      {
        algorithm: header('x-amz-checksum-algorithm'),
        aggregation: header('x-amz-checksum-aggregation-method'),
      },
    );
    json(202, { Status: 'pending' });
  } else if (method === 'PUT' && third === 'blocks') {
    const checksum = header('x-amz-checksum') ?? '';
    await ebs.putAs(
      second,
      { index: Number(fourth), data: body, checksum },
      { algorithm: header('x-amz-checksum-algorithm') ?? '', length: Number(header('x-amz-data-length')) },
    );
    response.writeHead(201, { 'x-amz-checksum': checksum, 'x-amz-checksum-algorithm': 'SHA256' });
    response.end();
  } else if (method === 'GET' && third === 'blocks' && fourth === undefined) {
    const { blocks, next } = await ebs.list(second, searchParams.get('pageToken') ?? undefined);
    json(200, {
      Blocks: blocks.map(({ index, token }) => ({ BlockIndex: index, BlockToken: token })),
      ...defined({ NextToken: next }),
    });
  } else if (method === 'GET' && third === 'blocks') {
    const data = await ebs.get(second, Number(fourth), searchParams.get('blockToken') ?? '');
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'x-amz-data-length': data.length,
      'x-amz-checksum': FakeEbs.checksum(data),
      'x-amz-checksum-algorithm': 'SHA256',
    });
    response.end(data);
  } else {
    throw new AwsError('UnknownOperationException', `${method ?? ''} ${pathname}`, 404);
  }
}
