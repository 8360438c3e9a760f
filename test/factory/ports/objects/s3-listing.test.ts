import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../../factory/ports/objects/object-store-s3';

const object = (inside: string): string => `<Contents>${inside}</Contents>`;
const WHOLE = object(
  '<Key>images/a</Key><Size>3</Size><LastModified>2026-11-24T12:00:00.000Z</LastModified>',
);
const list = (inside: string): string =>
  `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</ListBucketResult>`;

describe('a listing of a bucket', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** A store whose every answer is status 200 with this body. */
  async function listed(body: string): Promise<readonly unknown[]> {
    const started = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html', connection: 'close' });
      response.end(body);
    });
    server = started;
    await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
    const { port } = started.address() as AddressInfo;
    const store = new S3ObjectStore(
      {
        url: `http://127.0.0.1:${port}`,
        region: 'us-east-1',
        keys: { accessKey: 'access', secretKey: 'secret' },
      },
      'registry',
    );
    const found: unknown[] = [];
    try {
      for await (const info of store.list('images/')) found.push(info);
    } finally {
      store.close();
    }
    return found;
  }

  it('is read when it is one, with objects or without', async () => {
    expect(await listed(list(`<Name>registry</Name><IsTruncated>false</IsTruncated>${WHOLE}`))).toEqual([
      { key: 'images/a', size: 3, modified: Date.parse('2026-11-24T12:00:00Z') },
    ]);
    expect(await listed(list('<Name>registry</Name><IsTruncated>false</IsTruncated>'))).toEqual([]);
  });

  it.each([
    ['a page of HTML', '<html><body><h1>Sign in</h1></body></html>'],
    ['HTML that is no XML', '<!doctype html><html><body><p>Sign in<br></body></html>'],
    ['nothing', ''],
    ['words', 'OK'],
    ['JSON', '{"objects":[]}'],
    ['another document', '<?xml version="1.0"?><ListAllMyBucketsResult></ListAllMyBucketsResult>'],
    ['a list of no bucket', list('<IsTruncated>false</IsTruncated>')],
    ['a list that may be cut', list('<Name>registry</Name>')],
    ['a cut list without its end', list('<Name>registry</Name><IsTruncated>true</IsTruncated>')],
    [
      'a list that goes on for ever',
      list(
        '<Name>registry</Name><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>',
      ),
    ],
    [
      'objects of another folder',
      list(`<Name>registry</Name><IsTruncated>false</IsTruncated>${WHOLE.replace('images/a', 'holds/a')}`),
    ],
    [
      'an object without a name',
      list(`<Name>registry</Name><IsTruncated>false</IsTruncated>${object('<Size>3</Size>')}`),
    ],
    [
      'an object without a size',
      list(`<Name>registry</Name><IsTruncated>false</IsTruncated>${object('<Key>images/a</Key>')}`),
    ],
  ])('that is %s is refused, not read as an empty one', async (_, body) => {
    await expect(listed(body)).rejects.toMatchObject({
      code: expect.stringMatching(/^store-failed$/) as string,
      message: expect.stringContaining('listing s3://registry/images/') as string,
    });
  });
});
