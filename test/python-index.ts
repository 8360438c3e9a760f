import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A wheel that a test makes: file name, bytes, digest. */
export interface TestWheel {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

const ZIP = `
import io, json, sys, zipfile
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as archive:
    for path, text in json.load(sys.stdin).items():
        archive.writestr(zipfile.ZipInfo(path), text)
sys.stdout.buffer.write(made.getvalue())
`;

/** A zip of the same bytes each time. */
const zip = (files: Readonly<Record<string, string>>): Buffer =>
  execFileSync('python3', ['-c', ZIP], { input: JSON.stringify(files) });

/**
 * A wheel for any Python.
 * @param requires its Requires-Dist.
 * @param files beside a module of its name, whose VERSION is its version.
 */
export function wheelOf(
  name: string,
  version: string,
  requires: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): TestWheel {
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  const contents: Record<string, string> = {
    [`${name.replaceAll('-', '_')}/__init__.py`]: `VERSION = ${JSON.stringify(version)}\n`,
    ...files,
    [`${stem}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires.map((each) => `Requires-Dist: ${each}\n`).join('')}`,
    [`${stem}.dist-info/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const record = Object.entries(contents).map(([path, text]) => {
    const digest = createHash('sha256').update(text).digest('base64url');
    return `${path},sha256=${digest},${String(Buffer.byteLength(text))}\n`;
  });
  contents[`${stem}.dist-info/RECORD`] = `${record.join('')}${stem}.dist-info/RECORD,,\n`;
  const bytes = zip(contents);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, version, file: `${stem}-py3-none-any.whl`, bytes, sha256 };
}

/** A source distribution that nothing ever builds. */
export function sdistOf(name: string, version: string): TestWheel {
  const bytes = Buffer.from(`no archive of ${name}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, version, file: `${name}-${version}.tar.gz`, bytes, sha256 };
}

/** A Python index (PEP 691) of those files, on the loopback interface. */
export async function servePythonIndex(
  files: readonly TestWheel[],
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    const [, kind = '', wanted = ''] = (request.url ?? '').split('/');
    const found = files.filter(({ name, file }) => (kind === 'simple' ? name === wanted : file === wanted));
    const [first] = found;
    if (first === undefined) response.writeHead(404).end();
    else if (kind === 'files')
      response.writeHead(200, { 'content-length': first.bytes.length }).end(first.bytes);
    else {
      const page = {
        meta: { 'api-version': '1.0' },
        name: wanted,
        files: found.map(({ file, sha256, bytes }) => ({
          filename: file,
          url: `/files/${file}`,
          hashes: { sha256 },
          size: bytes.length,
        })),
      };
      response
        .writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
        .end(JSON.stringify(page));
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/simple`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
