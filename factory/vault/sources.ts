import type { Input } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Http } from '../ports/inputs/http';
import type { KeptInputs } from '../ports/inputs/kept-inputs';
import { badStatus } from './faults';

/** An input that somebody serves. */
export interface Served {
  /** Address or place, for messages. */
  readonly from: string;
  body(): AsyncIterable<Uint8Array>;
  /** Drops a body that nobody reads. */
  discard(): Promise<void>;
}

/** One place where inputs can be had. */
export interface Source {
  /** `the mirror`, `the registry` … */
  readonly name: string;
  /** Whether asking it needs a network. */
  readonly remote: boolean;
  /** @throws KilnError when it cannot be asked. */
  has(input: Input): Promise<boolean>;
  /** undefined: it has no such input. */
  open(input: Input): Promise<Served | undefined>;
}

const GONE: readonly number[] = [404, 410];

/** A registry's mirror or archive over HTTP. */
export class HttpSource implements Source {
  readonly remote = true;

  /** @param urlOf undefined when the place does not list such a file. */
  constructor(
    readonly name: string,
    private readonly http: Http,
    private readonly urlOf: (input: Input) => Promise<string | undefined>,
  ) {}

  async has(input: Input): Promise<boolean> {
    // What a Python index lists it also serves.
    if (input.source === 'pypi') return (await this.urlOf(input)) !== undefined;
    const found = await this.ask(input, 'HEAD');
    await found?.discard();
    return found !== undefined;
  }

  open(input: Input): Promise<Served | undefined> {
    return this.ask(input, 'GET');
  }

  private async ask(input: Input, method: 'GET' | 'HEAD'): Promise<Served | undefined> {
    const url = await this.urlOf(input);
    if (url === undefined) return undefined;
    const response = await this.http.request(url, { method });
    if (response.status === 200)
      return { from: url, body: () => response.body(), discard: () => response.discard() };
    await response.discard();
    if (GONE.includes(response.status)) return undefined;
    throw badStatus(input, url, response.status);
  }
}

/** What the team keeps beside its images. */
export class KeptSource implements Source {
  readonly name = 'the registry';
  readonly remote: boolean;

  constructor(private readonly kept: KeptInputs) {
    this.remote = kept.remote;
  }

  async has(input: Input): Promise<boolean> {
    return (await this.kept.size(input.sha256)) === input.size;
  }

  async open(input: Input): Promise<Served | undefined> {
    if (!(await this.has(input))) return undefined;
    const chunks = await this.kept.open(input.sha256);
    return { from: this.kept.where, body: () => chunks, discard: () => Promise.resolve() };
  }
}

/** Faults after which another place is asked: it does not answer, or this machine knows none. */
const ELSEWHERE = new Set([
  ...['unreachable', 'bad-status', 'no-mirror', 'no-channel'],
  ...['store-unreachable', 'store-refused', 'bucket-missing'],
]);

/** What shares one server: its silence says nothing about the others. */
function registryOf(input: Input): string {
  switch (input.source) {
    case 'debian':
      return input.archive;
    case 'conda':
      return `conda ${input.channel}`;
    default:
      return input.source;
  }
}

/** Places in the order in which they are asked; a server that did not answer is not asked again. */
export class Sources {
  private readonly silent = new Map<string, KilnError>();

  constructor(private readonly places: readonly Source[]) {}

  /** @throws KilnError of a place that could not be asked, when no other has it. */
  async has(input: Input): Promise<boolean> {
    return (await this.first(input, async (place) => ((await place.has(input)) ? true : undefined))) ?? false;
  }

  /** @returns undefined when every place was asked and none has it. */
  async open(input: Input): Promise<{ readonly served: Served; readonly place: Source } | undefined> {
    return await this.first(input, async (place) => {
      const served = await place.open(input);
      return served === undefined ? undefined : { served, place };
    });
  }

  /** Whether that place is the one that is asked first. */
  isUsual(place: Source): boolean {
    return place === this.places[0];
  }

  private async first<T>(
    input: Input,
    ask: (place: Source) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    let fault: KilnError | undefined;
    for (const place of this.places) {
      const server = `${place.name}, ${registryOf(input)}`;
      const before = this.silent.get(server);
      if (before !== undefined) {
        fault ??= before;
        continue;
      }
      try {
        const answer = await ask(place);
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!(error instanceof KilnError) || !ELSEWHERE.has(error.code)) throw error;
        fault ??= error;
        if (error.code !== 'bad-status') this.silent.set(server, error);
      }
    }
    if (fault !== undefined) throw fault;
    return undefined;
  }
}
