import type { PlatformName, Publication } from '../contracts/publication';
import type { Fault } from '../errors';
import type { Catalogue, CatalogueImage } from '../registry/catalogue';
import type { RegistryHome } from '../registry/home';
import type { PublishEvent } from './event';

/** Where a publication starts from. */
export interface Place {
  readonly home: RegistryHome;
  readonly catalogue: Catalogue;
  /** kiln's state in the project: what has to be known of runs that were cut short is kept there. */
  readonly state: string;
  /** The user's cache: a disk that is made from the registry is kept there. */
  readonly cache: string;
}

/** What a command line asks of one platform, checked. Only that platform reads it. */
export type Request = object;

export interface Manner {
  /** user@host, for the record. */
  readonly by: string;
  /** Number of concurrent uploads. */
  readonly parallel: number;
}

/** What a publication would do. */
interface Plan {
  /** Whether anything is left to do. */
  readonly hasWork: boolean;
  /** As a person reads it. */
  readonly text: string;
  /** As a program reads it. */
  readonly json: object;
  /**
   * Carries it out, and records in the registry what happened. Whatever ends it on the way, the same command resumes
   * where it was interrupted.
   */
  apply(manner: Manner): Promise<{
    readonly text: string;
    /** The image in each place of the request. */
    readonly images: readonly object[];
  }>;
}

/** Something of an image that stands on a platform and can be withdrawn. A platform adds what it needs for that. */
export interface Withdrawal {
  readonly to: PlatformName;
  /** Names it on its platform: `eu-central-1 ami-0abc`. */
  readonly id: string;
  readonly digest: string;
}

/** A platform that can be asked. `close` when done, else open connections keep the process. */
export interface Connection<R, W> {
  /** Looks at the platform and at the registry, reads disks, and plans; changes nothing. */
  plan(place: Place, image: CatalogueImage, request: R): Promise<Plan>;
  /** Removes it there and records that; what is gone already is no error, so that it can be done again. */
  withdraw(home: RegistryHome, withdrawals: readonly W[], by: string): Promise<void>;
  close(): void;
}

/** Where machines start images from: one folder of publish/ each. */
export interface Platform<
  R extends Request = Request,
  P extends Publication = Publication,
  W extends Withdrawal = Withdrawal,
> {
  readonly name: P['to'];
  /**
   * Reads the part of `--to` behind the colon, split at commas, and the options; pushes every fault at once.
   * @returns undefined when there is a fault.
   */
  parse(
    places: readonly string[],
    options: Readonly<Record<string, unknown>>,
    faults: Fault[],
  ): R | undefined;
  /**
   * What of an image stands there, by its publications, oldest first; nobody is asked.
   * @param request only in its places; default: everywhere.
   */
  standing(publications: readonly P[], request?: R): readonly W[];
  /** What withdrawing does, as a person reads it before and afterwards. */
  describe(withdrawal: W): { readonly todo: string; readonly done: string };
  connect(report: (event: PublishEvent) => void): Promise<Connection<R, W>>;
}

/** What is known of a platform without loading it, so that `kiln --help` starts in a blink. */
export interface Declaration {
  /** What follows `--to`, for its help. */
  readonly targets: string;
  /** What a target must be, with an example. */
  readonly example: string;
  /** Options of `kiln publish` that only this platform has: commander's flags, and what they do. */
  readonly options: readonly (readonly [flags: string, description: string])[];
  /** Name of the list of its withdrawals in JSON: `amis`. */
  readonly list: string;
  load(): Promise<Platform>;
}
