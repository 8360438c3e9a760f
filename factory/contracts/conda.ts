import { z } from 'zod';

/** Where conda's own clients look for a channel that has only a name (conda's `channel_alias`). */
export const CHANNEL_ALIAS = 'https://conda.anaconda.org';

/**
 * A channel's one identity: it stands in the lock, in conda-meta and in layer keys. Its address never does.
 * Some have parts: `pkgs/main`, `conda-forge/label/dev`.
 */
export const ChannelName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/,
    'must be the name of a channel, such as conda-forge: letters, digits and _ . - /',
  );

/** Whether an address has a user, a token (`/t/TOKEN/`) or a query: nothing that belongs into a committed file. */
export function hasCredential(address: string): boolean {
  const [, rest = address] = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is.exec(address) ?? [];
  const [host = '', ...path] = rest.split('/');
  return host.includes('@') || /[?#]/.test(rest) || path.slice(0, -1).includes('t');
}

/** A user's or token's place in an address, with a variable instead of the secret. */
const VARIABLES = /(?<=:\/\/)(?:(?:[\w.-]+|\$\{\w+\}):)?\$\{\w+\}@|\/t\/\$\{\w+\}(?=\/)/g;

/** A folder or a URL of a committed file. The message never shows it. */
export const ChannelAddress = z
  .string()
  .min(1)
  .refine(
    (address) => !address.includes('://') || !hasCredential(address.replace(VARIABLES, '')),
    'has a user, a token or a query in it, which does not belong into this file: write ${VARIABLE} in its place, or keep it in ~/.rattler/credentials.json (docs/conda.md); and change it, for others may have read it',
  );
