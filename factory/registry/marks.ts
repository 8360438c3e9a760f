import { InUse, Pin } from '../contracts/registry';
import type { RegistryHome } from './home';
import { inUseKey, pinKey } from './layout';

/* What keeps an image from `kiln gc` beside channels: pins, set by people, and reports of use, by machines. */

const textOf = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

/** @returns false when it was pinned already; that pin stays. */
export const pin = async (home: RegistryHome, document: Pin): Promise<boolean> =>
  home.create(pinKey(document.digest), textOf(Pin.parse(document)));

export const unpin = async (home: RegistryHome, digest: string): Promise<void> => home.remove(pinKey(digest));

/** Says what a reporter's machines boot from, in place of what it said before. */
export const reportUse = async (home: RegistryHome, document: InUse): Promise<void> =>
  home.put(inUseKey(document.reporter), Buffer.from(textOf(InUse.parse(document))));

/** The reporter's machines are gone. */
export const clearUse = async (home: RegistryHome, reporter: string): Promise<void> =>
  home.remove(inUseKey(reporter));
