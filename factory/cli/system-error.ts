import { KilnError } from '../errors';

/** What the operating system's refusals mean for a person, and the way out. */
const WORDS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: [
    'this user may not do that there',
    'look at whose it is (ls -ld), or run kiln as the user that owns it',
  ],
  EPERM: [
    'this user may not do that there',
    'look at whose it is (ls -ld), or run kiln as the user that owns it',
  ],
  EROFS: [
    'its file system is read-only',
    'mount it writable, or name another folder in factory.yaml or KILN_CACHE',
  ],
  ENOSPC: ['no space is left', 'make room: kiln gc, kiln vault gc; df -h says which disk it is'],
  EDQUOT: ["this user's part of the disk is used up", 'make room: kiln gc, kiln vault gc'],
  EISDIR: ['it is a folder, and a file is needed', 'move it away, or name another'],
  ENOTDIR: ['a part of it is a file, and a folder is needed', 'move that file away, or name another folder'],
  EEXIST: ['it is there already, and is not what is needed there', 'move it away'],
  ENOENT: [
    'it is not there, or a part of it is not',
    'a link that leads nowhere looks like this, too; if somebody removed it meanwhile, run the same command again',
  ],
  ELOOP: ['it is a link that leads in a circle', 'remove the link'],
  ENAMETOOLONG: [
    'its name is longer than the file system takes',
    'take a shorter path for the project or KILN_CACHE',
  ],
  EMFILE: ['too many files are open', 'raise the limit: ulimit -n 4096'],
  ENFILE: ['too many files are open on this machine', 'end what holds them open'],
  EIO: ['the disk does not answer as it should', 'look for its fault: dmesg | tail'],
  ESTALE: ['the network file system has lost it', 'mount it again'],
  ETXTBSY: ['it is a program that runs', 'end it first'],
  EBUSY: ['it is in use', 'find out by what: fuser -v'],
};

/** What a call was for, where its name says nothing to a person. */
const CALLS: Readonly<Record<string, string>> = {
  mkdir: 'making the folder',
  open: 'opening',
  read: 'reading',
  scandir: 'listing',
  write: 'writing',
  rename: 'renaming',
  unlink: 'removing',
  rmdir: 'removing',
  stat: 'looking at',
  lstat: 'looking at',
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error;

/** A refusal of the operating system as one line with the way out; undefined for every other error. */
export function systemError(error: unknown): KilnError | undefined {
  if (!isSystemError(error)) return undefined;
  const words = WORDS[error.code ?? ''];
  if (words === undefined) return undefined;
  const call = CALLS[error.syscall ?? ''] ?? error.syscall ?? '';
  const { path } = error;
  return new KilnError({
    code: 'system',
    what: `${call}${path === undefined ? '' : ` ${path}`}: ${words[0]} (${error.code ?? ''})`,
    hint: words[1],
    cause: error,
  });
}
