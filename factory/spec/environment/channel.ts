import { CHANNEL_ALIAS, ChannelName, hasCredential } from '../../contracts/conda';

/** A name, nothing (an entry without a meaning here), or why it is refused. */
export type ChannelOutcome =
  { readonly name: string | undefined } | { readonly what: string; readonly hint: string };

/** Subdirs of a channel that an image's packages come from. */
const SUBDIRS = ['linux-64', 'noarch'] as const;
const SUBDIR = /^(noarch|(linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9]+)$/;

const bare = (address: string): string => address.replace(/\/+$/, '');

/** The last part of an address, as a name to propose. */
function proposal(address: string): string {
  const last = bare(address)
    .split(/[/\\]/)
    .pop()
    ?.replace(/[^\w.-]+/g, '-')
    .replace(/^[^a-z0-9]+/i, '');
  return last === undefined || last === '' || last.includes(':') ? 'our-team' : last;
}

const elsewhere = (address: string, target: string): { what: string; hint: string } => ({
  what: 'a channel is called by its name here: where it lies differs between machines',
  hint: `write ${proposal(address)}, and in factory.yaml: conda.channels: {${proposal(address)}: ${target}}`,
});

/** The name of the channel at an address: one that factory.yaml gives it, or its place at conda's alias. */
function named(address: string, mapped: Readonly<Record<string, string>>): string | undefined {
  const known = Object.entries(mapped).find(([, target]) => bare(target) === address)?.[0];
  if (known !== undefined) return known;
  return address.startsWith(`${CHANNEL_ALIAS}/`) ? address.slice(CHANNEL_ALIAS.length + 1) : undefined;
}

/**
 * The one name of a channel that an environment file names.
 * @param mapped factory.yaml's conda.channels.
 */
export function channelOf(entry: string, mapped: Readonly<Record<string, string>>): ChannelOutcome {
  const text = bare(entry.trim());
  if (text === 'nodefaults') return { name: undefined };
  if (mapped[text] !== undefined) return { name: text };
  if (text === 'defaults') {
    return {
      what: '`defaults` means other channels on every machine, and the terms of their owner apply',
      hint: 'name the channel itself, such as conda-forge, or give defaults an address in factory.yaml: conda.channels',
    };
  }
  if (text.includes('://') && hasCredential(text)) {
    return {
      what: 'the address of a channel has a credential in it',
      hint: 'write a name, give its address without the credential in factory.yaml (conda.channels), and keep the credential where docs/conda.md says; then change it, for it is in this file',
    };
  }
  const last = text.split('/').pop() ?? '';
  if (text.includes('/') && SUBDIR.test(last)) {
    const whole = text.slice(0, -last.length - 1);
    return SUBDIRS.some((subdir) => subdir === last)
      ? {
          what: `${last} is a part of a channel: an image always takes ${SUBDIRS.join(' and ')}`,
          hint: `write ${whole}`,
        }
      : { what: `${last} is for other machines: the image is ${SUBDIRS[0]}`, hint: `write ${whole}` };
  }
  if (text.includes('://') && !text.startsWith('file:')) {
    const name = named(text, mapped);
    return name !== undefined && ChannelName.safeParse(name).success ? { name } : elsewhere(text, text);
  }
  if (text.startsWith('file:') || /^(\.|\/|~|[A-Za-z]:[\\/])/.test(text) || text.includes('\\')) {
    return elsewhere(text, 'FOLDER');
  }
  const parsed = ChannelName.safeParse(text);
  return parsed.success
    ? { name: text }
    : { what: 'this is not the name of a channel', hint: 'write a name such as conda-forge' };
}
