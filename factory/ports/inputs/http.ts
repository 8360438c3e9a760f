/** Reading from HTTP servers: registries and channels. */
export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; undefined when the server did not send it. */
  header(name: string): string | undefined;
  /** The body as it comes; may be read once. */
  body(): AsyncIterable<Uint8Array>;
  /** @throws KilnError `unreachable` for an answer of more than 128 MiB, or that takes more than 10 minutes. */
  text(): Promise<string>;
  /** Drops a body that nobody reads, and with it the connection. */
  discard(): Promise<void>;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Http {
  /**
   * Any status is an answer; 5xx and 429 are tried again first.
   * @throws KilnError `unreachable` when no answer comes: names the host and what was wanted.
   */
  request(url: string, options?: HttpRequest): Promise<HttpResponse>;
}
