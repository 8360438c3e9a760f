/** One requirement of pip's (PEP 508), pinned to releases of a Python index. */
export interface PipRequirement {
  /** Without hashes and comments. */
  readonly text: string;
  /** In its one spelling (PEP 503). */
  readonly name: string;
  /** File, line and column. */
  readonly where: string;
  /** `sha256:…` of the files that are allowed; empty: any. */
  readonly hashes: readonly string[];
}

/** What a line of a requirements file says. */
export type PipLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'requirement'; readonly requirement: Omit<PipRequirement, 'where'> }
  | { readonly kind: 'file'; readonly of: 'requirements' | 'constraints'; readonly path: string }
  | { readonly kind: 'no'; readonly what: string; readonly hint: string };

const no = (what: string, hint: string): PipLine => ({ kind: 'no', what, hint });

const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([\w.,\s-]*)\])?\s*(\([^()]*\)|[^();[\]@]*?)\s*(;.*)?$/;
const CLAUSE = /^(===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9_.+!*-]+$/;
const FILES = {
  r: 'requirements',
  requirement: 'requirements',
  c: 'constraints',
  constraint: 'constraints',
} as const;

/** What another option of pip's is told; its value may be an address with a credential, so it is not shown. */
function option(text: string): PipLine {
  const [, name = '', value = ''] = /^--?([a-z][a-z-]*?)(?:[\s=]+(.*))?$/i.exec(text) ?? [];
  const short = /^-([rc])(\S.*)$/.exec(text);
  const [key, path] = short === null ? [name, value] : [short[1] ?? '', short[2] ?? ''];
  const of = Object.entries(FILES).find(([each]) => each === key)?.[1];
  if (of !== undefined && path.trim() !== '') return { kind: 'file', of, path: path.trim() };
  if (/^-e|^--editable/.test(text)) {
    return no(
      'an editable package lies in a folder, which no node has',
      'name its folder as code: in factory.yaml, or a release of it',
    );
  }
  if (/index|find-links|trusted-host|^-[if]/.test(text)) {
    return no(
      'one Python index is read: the one that pip on this machine is set to',
      'remove it, and name another index by KILN_MIRROR_PYPI',
    );
  }
  return no(
    `pip's option ${name === '' ? (text.split(/[\s=]/)[0] ?? '') : `--${name}`} is nothing that kiln honours`,
    'remove it',
  );
}

/** Reads one line, joined where it ended with a backslash. */
export function readPipLine(line: string): PipLine {
  const text = line.replace(/(^|\s)#.*$/, '').trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('-')) return option(text);
  const [asked = '', ...options] = text.split(/\s+(?=--)/);
  const others = options.filter((each) => !each.startsWith('--hash'));
  if (others.length > 0)
    return no('an option of a single requirement is nothing that kiln honours', 'remove it');
  if (/:\/\/|^[./~]|\\|\.(whl|zip|tar\.gz)\s*$|\s@\s|@\s*[\w+]+:/.test(asked)) {
    return no(
      'a requirement from an address, a repository or a folder is not one of a release',
      'name a release of a Python index, put its wheel on an index of your own (KILN_MIRROR_PYPI), or make it your code: in factory.yaml',
    );
  }
  const [, name, extras, versions = '', marker = ''] = REQUIREMENT.exec(asked) ?? [];
  const clauses = versions.replace(/^\(|\)$/g, '').trim();
  if (
    name === undefined ||
    (clauses !== '' && !clauses.split(',').every((each) => CLAUSE.test(each.trim())))
  ) {
    const single = /^[\w.-]+\s*=\s*[\w.*]+$/.test(asked)
      ? `write ${asked.replace(/\s*=\s*/, '==')}`
      : undefined;
    return no(
      'this is not a requirement of pip',
      single ?? 'write it as name, name==version or name>=version,<version',
    );
  }
  const hashes = options.map((each) => each.replace(/^--hash[\s=]+/, '').trim());
  if (hashes.length > 0 && !hashes.some((each) => /^sha256:[0-9a-f]{64}$/.test(each))) {
    return no('none of its hashes is a sha256', 'give one: --hash=sha256:…');
  }
  return {
    kind: 'requirement',
    requirement: {
      name: name.toLowerCase().replace(/[-_.]+/g, '-'),
      text: `${name}${extras === undefined ? '' : `[${extras.replace(/\s+/g, '')}]`}${clauses}${marker === '' ? '' : ` ${marker}`}`,
      hashes: hashes.filter((each) => each.startsWith('sha256:')),
    },
  };
}
