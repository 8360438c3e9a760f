import type { Http, HttpRequest, HttpResponse } from './http';

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A server of fixed pages. What it was not given is a fault of the test, not a 404. */
export class FakeHttp implements Http {
  /** Requests in order, `GET address`. */
  readonly seen: string[] = [];

  constructor(private readonly pages: Readonly<Record<string, FakeAnswer>>) {}

  request(url: string, options: HttpRequest = {}): Promise<HttpResponse> {
    this.seen.push(`${options.method ?? 'GET'} ${url}`);
    const page = this.pages[url];
    if (page === undefined) return Promise.reject(new Error(`the test gave no page for ${url}`));
    const body = Buffer.from(options.method === 'HEAD' ? '' : (page.body ?? ''));
    return Promise.resolve({
      status: page.status ?? 200,
      header: (name) => page.headers?.[name],
      async *body() {
        yield await Promise.resolve(body);
      },
      text: () => Promise.resolve(body.toString('utf8')),
      discard: () => Promise.resolve(),
    });
  }
}
