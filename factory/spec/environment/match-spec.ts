import { defined } from '../../defined';

/** A conda package that is asked for, as conda's match specifications write it. */
export interface MatchSpec {
  /** Lower case. */
  readonly name: string;
  /** The text without its channel: what the solver reads. */
  readonly spec: string;
  /** As written before `::`, or in brackets. */
  readonly channel?: string;
  /** Such as `>=2,<3`, as written; undefined where any is. */
  readonly version?: string;
}

/** Why a text is none. */
export interface NoSpec {
  readonly what: string;
  readonly hint: string;
}

const FORMS = 'write it as name, name=version, name>=version,<version or name=version=build';
const VALUE = /^[A-Za-z0-9_.+!*-]+$/;
const CLAUSE = /^(?:==|!=|~=|>=|<=|=|>|<)?[A-Za-z0-9_.+!*-]+$/;
const BRACKET = /^\s*([a-z_\d]+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^\s'",]+))\s*$/;
const BRACKET_KEYS = ['version', 'build', 'build_number', 'channel'];

const no = (what: string, hint = FORMS): NoSpec => ({ what, hint });

const isVersion = (text: string): boolean =>
  text
    .replace(/[()]/g, '')
    .split(/[,|]/)
    .every((clause) => CLAUSE.test(clause));

/** What stands behind a package's name: its version and build; undefined where that is neither. */
function constraint(text: string): { readonly version?: string } | undefined {
  if (text.trim() === '') return {};
  const exact = /^\s*={1,2}([^=\s<>!~,|]+)=([^=\s]+)\s*$/.exec(text);
  if (exact !== null) {
    const [, version = '', build = ''] = exact;
    return VALUE.test(version) && VALUE.test(build) ? { version: `==${version}` } : undefined;
  }
  // conda ignores space around an operator and behind a comma.
  const tight = text.trim().replace(/\s*([,|])\s*/g, '$1');
  const [version = '', build = '*', ...more] = tight.replace(/([<>=!~])\s+/g, '$1').split(/\s+/);
  // `>1 <2` is two clauses, not a version and a build.
  if (/^[<>=!~]/.test(build) && isVersion(version) && isVersion(build) && more.length === 0) {
    return { version: `${version},${build}` };
  }
  return more.length === 0 && isVersion(version) && VALUE.test(build) ? { version } : undefined;
}

/** `channel::name=version=build` of a package's file, as far as its address tells. */
function ofFile(text: string): string | undefined {
  const match = /([^/\\]+)-([^-/\\]+)-([^-/\\]+)\.(?:conda|tar\.bz2)(?:#.*)?$/.exec(text);
  return match === null ? undefined : match.slice(1, 4).join('=');
}

function brackets(text: string): Map<string, string> | NoSpec {
  const found = new Map<string, string>();
  if (text.trim() === '') return found;
  for (const part of text.split(/,(?=\s*[a-z_\d]+\s*=(?!=))/)) {
    const [, key = '', ...values] = BRACKET.exec(part) ?? [];
    const value = values.find((each) => (each as string | undefined) !== undefined);
    if (value === undefined) return no(`[${text}] cannot be read`);
    if (!BRACKET_KEYS.includes(key)) {
      return no(
        `[${key}=…] is nothing that kiln honours`,
        `known here: ${BRACKET_KEYS.join(', ')}; remove it`,
      );
    }
    found.set(key, value);
  }
  return found;
}

/** Reads one. A text that is good here may still be refused by the solver, which knows versions. */
export function readMatchSpec(entry: string): MatchSpec | NoSpec {
  const text = entry.replace(/\s+#.*$/, '').trim();
  if (/\.(conda|tar\.bz2)(#.*)?$/.test(text)) {
    const file = ofFile(text);
    return no(
      'a package is asked for by its name, not by the address of its file',
      file === undefined ? FORMS : `write ${file}, and its channel among the channels`,
    );
  }
  const bracketed = /^([^[\]]*)(?:\[([^[\]]*)\])?$/.exec(text);
  if (bracketed === null) return no('this is not a conda package');
  const [, head = '', inside = ''] = bracketed;
  const keys = brackets(inside);
  if (!(keys instanceof Map)) return keys;
  const at = head.lastIndexOf('::');
  const channel = at === -1 ? keys.get('channel') : head.slice(0, at).trim();
  const rest = at === -1 ? head : head.slice(at + 2);
  const [, name, behind = ''] = /^\s*([A-Za-z0-9_][\w.-]*)(.*)$/.exec(rest) ?? [];
  const found = name === undefined ? undefined : constraint(behind);
  if (name === undefined || found === undefined) {
    return no(
      'this is not a conda package',
      /;|@|^-/.test(text) ? `${FORMS}; a requirement of pip's stands below \`- pip:\`` : FORMS,
    );
  }
  const version = found.version ?? keys.get('version');
  const others = [...keys].filter(([key]) => key !== 'channel').map(([key, value]) => `${key}='${value}'`);
  return {
    name: name.toLowerCase(),
    spec: `${rest.trim()}${others.length === 0 ? '' : `[${others.join(',')}]`}`,
    ...defined({ channel, version }),
  };
}
