// Which folder may import which: the rule `kiln/imports` of eslint.config.mjs. It judges every way to import a module
// (import, export from, import(), require) by the file that is meant, however its path is written.
import { readdirSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';

/**
 * The parts of factory/, each of which may import those before it and none after it. A part is a folder or a file
 * without its ending.
 */
export const ORDER = [
  'errors',
  'defined',
  'all-ended',
  'units',
  'versions',
  'contracts',
  'spark',
  'processes',
  'files',
  'ports',
  'progress',
  'project',
  'code',
  'spec',
  'recipes',
  'lock',
  'vault',
  'layers',
  'disk',
  'diff',
  'bake',
  'registry',
  'machines',
  'verify',
  'reproduce',
  'publish',
  'store',
  'doctor',
  'nightly',
  'cli',
];

/** What stacks and modules may take from factory/. */
const FOR_STACKS = /^factory\/(contracts\/.*|spark\/.*|registry\/(read|published)|errors|defined)$/;
const CDKTF = /^(cdktf|@cdktf|constructs)(\/|$)/;
const PROVIDER_ROOT = /^@cdktf\/provider-[^/]+(\/lib)?$/;
const FAKE = /-fake$/;
const APPLICATIONS = ['modules', 'stacks', 'main', 'demo', 'bench', 'examples', 'test'];

/** @returns {string[]} parts of factory/ that have TypeScript files */
export function partsOf(/** @type {string} */ factory) {
  const isSource = (/** @type {import('node:fs').Dirent} */ entry) =>
    entry.isFile() && entry.name.endsWith('.ts');
  return readdirSync(factory, { withFileTypes: true })
    .filter(
      (entry) =>
        isSource(entry) ||
        (entry.isDirectory() &&
          readdirSync(join(factory, entry.name), { withFileTypes: true, recursive: true }).some(isSource)),
    )
    .map(({ name }) => withoutEnding(name));
}

/**
 * Every part of factory/ has its place in the order.
 * @throws Error that names those that have none, and names in the order that stand for nothing.
 */
export function requireOrder(/** @type {string[]} */ parts) {
  const unlisted = parts.filter((part) => !ORDER.includes(part));
  const gone = ORDER.filter((part) => !parts.includes(part));
  if (unlisted.length === 0 && gone.length === 0) return;
  throw new Error(
    [
      'tools/lint/imports.mjs: ORDER does not list what is in factory/',
      ...unlisted.map((part) => `factory/${part} has no place in it: what may it import?`),
      ...gone.map((part) => `there is no factory/${part}`),
    ].join('\n  '),
  );
}

const withoutEnding = (/** @type {string} */ path) => path.replace(/\.(d\.)?[cm]?[jt]s$/, '');

/**
 * Why a file may not import a module; undefined when it may.
 * @param {string} file of this project, relative to its root, `/` between the names
 * @param {string} specifier as the import has it
 * @returns {string | undefined}
 */
export function refusal(file, specifier) {
  const from = withoutEnding(file);
  const [top = '', part = ''] = from.split('/');
  if (specifier.startsWith('/')) return 'Import by a relative path.';
  if (!/^\.{1,2}(\/|$)/.test(specifier)) {
    if (top === 'factory' && CDKTF.test(specifier)) {
      return 'factory/ never imports cdktf: the kit works without it.';
    }
    if (PROVIDER_ROOT.test(specifier)) {
      return 'Import deep (@cdktf/provider-aws/lib/instance): the package root costs seconds and 500 MB.';
    }
    return undefined;
  }
  const to = withoutEnding(posix.normalize(posix.join(posix.dirname(from), specifier)));
  const [toTop = '', toPart = ''] = to.split('/');
  if (!['test', 'bench'].includes(top)) {
    if (FAKE.test(to) && !FAKE.test(from)) return 'Fakes are for tests and bench/.';
    if (toTop === 'test') return 'Only tests and bench/ import from test/.';
  }
  if (top === 'factory') {
    if (APPLICATIONS.includes(toTop))
      return 'factory/ imports no construct, no stack and no program upon it.';
    if (toTop === 'factory' && ORDER.indexOf(toPart) > ORDER.indexOf(part)) {
      return `factory/${toPart} comes after factory/${part} (${ORDER.join(' -> ')}).`;
    }
    return undefined;
  }
  if (toTop === 'factory' && toPart === 'cli' && top !== 'test') {
    return 'Only bin/kiln and tests reach the command line’s code.';
  }
  if (['modules', 'stacks', 'main', 'examples'].includes(top)) {
    if (toTop === 'factory' && !FOR_STACKS.test(to)) {
      return 'Constructs take from factory/ only the contracts, Spark’s judge and the registry’s reader.';
    }
    if (top === 'modules' && ['stacks', 'main', 'demo', 'bench', 'examples'].includes(toTop)) {
      return 'Modules are made of modules: stacks are made of them.';
    }
  }
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
const rule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = relative(context.cwd, resolve(context.cwd, context.filename)).split(sep).join('/');
    const judge = (/** @type {any} */ source) => {
      const specifier = source?.type === 'TemplateLiteral' ? source.quasis[0].value.cooked : source?.value;
      if (typeof specifier !== 'string') return;
      const message = refusal(file, specifier);
      if (message !== undefined) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: ({ source }) => judge(source),
      ExportNamedDeclaration: ({ source }) => judge(source),
      ExportAllDeclaration: ({ source }) => judge(source),
      ImportExpression: ({ source }) => judge(source),
      /** `import('…').Type`, which only TypeScript has */
      TSImportType: (/** @type {any} */ node) => judge(node.source ?? node.argument?.literal),
      TSExternalModuleReference: (/** @type {any} */ node) => judge(node.expression),
      CallExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'require') judge(node.arguments[0]);
      },
    };
  },
};

export const plugin = { rules: { imports: rule } };
