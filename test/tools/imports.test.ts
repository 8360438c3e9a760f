import { Linter } from 'eslint';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import tseslint from 'typescript-eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ESLint } from 'eslint';

const HOME = resolve(__dirname, '../..');

/** The rule is plain JavaScript, as ESLint loads it. */
interface Rule {
  readonly ORDER: readonly string[];
  readonly plugin: ESLint.Plugin;
  partsOf(factory: string): string[];
  requireOrder(parts: readonly string[]): void;
}
let rule: Rule;
beforeAll(async () => {
  rule = (await import(pathToFileURL(join(HOME, 'tools/lint/imports.mjs')).href)) as Rule;
});

const linter = new Linter({ configType: 'flat', cwd: HOME });

/** What the rule says to the text of a file that need not be there. */
function said(file: string, text: string): string[] {
  const messages = linter.verify(
    text,
    [
      {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser },
        plugins: { kiln: rule.plugin },
        rules: { 'kiln/imports': 'error' },
      },
    ],
    { filename: join(HOME, file) },
  );
  expect(messages.filter(({ ruleId }) => ruleId !== 'kiln/imports')).toEqual([]);
  return messages.map(({ message }) => message);
}

/** A file of each part, two folders deep where it is a folder. */
const fileOf = (part: string): string =>
  ['errors', 'all-ended', 'units', 'versions', 'progress', 'project'].includes(part)
    ? `factory/${part}.ts`
    : `factory/${part}/deep/file.ts`;
const path = (from: string, to: string): string => {
  const found = posix.relative(dirname(from), to.replace(/\.ts$/, ''));
  return found.startsWith('.') ? found : `./${found}`;
};

/** Every way that TypeScript has to take something from another module. */
const WAYS: readonly (readonly [string, (specifier: string) => string])[] = [
  ['import', (specifier) => `import { x } from '${specifier}'; x();`],
  ['import of a type', (specifier) => `import type { X } from '${specifier}'; export type Y = X;`],
  ['import for its effects', (specifier) => `import '${specifier}';`],
  ['export from', (specifier) => `export { x } from '${specifier}';`],
  ['export all', (specifier) => `export * from '${specifier}';`],
  ['import when it runs', (specifier) => `void import('${specifier}.js');`],
  ['import by a template', (specifier) => `void import(\`${specifier}.js\`);`],
  ['type of an import', (specifier) => `export type Y = import('${specifier}').X;`],
  ['import equals', (specifier) => `import x = require('${specifier}'); x();`],
  ['require', (specifier) => `require('${specifier}');`],
  ['path with detours', (specifier) => `import '${specifier.replace(/^(\.{1,2})\//, '$1/./detour/../')}';`],
];

describe('the order of factory/', () => {
  it('is kept for each pair of its parts: the later may import the earlier alone', () => {
    const wrong: string[] = [];
    for (const [at, from] of rule.ORDER.entries()) {
      for (const [other, to] of rule.ORDER.entries()) {
        if (from === to) continue;
        const [file, target] = [fileOf(from), fileOf(to)];
        const refused = said(file, `import '${path(file, target)}';`).length > 0;
        if (refused !== other > at) wrong.push(`${from} -> ${to}: ${refused ? 'refused' : 'passed'}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('lists every part of this checkout and nothing else', () => {
    expect(() => {
      rule.requireOrder(rule.partsOf(join(HOME, 'factory')));
    }).not.toThrow();
  });

  it('fails for a folder that it does not list, and for one that is gone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-order-'));
    try {
      for (const part of rule.ORDER.slice(1)) {
        mkdirSync(join(folder, part));
        writeFileSync(join(folder, part, 'index.ts'), '');
      }
      mkdirSync(join(folder, 'python'));
      writeFileSync(join(folder, 'python', 'main.py'), '');
      mkdirSync(join(folder, 'smuggled/deep'), { recursive: true });
      writeFileSync(join(folder, 'smuggled/deep/file.ts'), '');
      expect(() => {
        rule.requireOrder(rule.partsOf(folder));
      }).toThrow(
        /\n {2}factory\/smuggled has no place in it: what may it import\?\n {2}there is no factory\/errors$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the rule of imports', () => {
  it.each<[file: string, target: string, why: string]>([
    ['factory/lock/index.ts', 'factory/nightly/plan.ts', 'factory/nightly comes after factory/lock'],
    ['factory/lock/index.ts', 'factory/cli/output.ts', 'factory/cli comes after factory/lock'],
    ['factory/ports/machine/clock.ts', 'factory/project.ts', 'factory/project comes after factory/ports'],
    ['factory/cli/bake.ts', 'factory/publish/aws/api/aws-fake.ts', 'Fakes are for tests'],
    ['factory/ports/machine/clock.ts', 'factory/ports/machine/clock-fake.ts', 'Fakes are for tests'],
    ['stacks/local.ts', 'factory/publish/aws/api/aws-fake.ts', 'Fakes are for tests'],
    ['demo/main.ts', 'factory/publish/aws/api/aws-fake.ts', 'Fakes are for tests'],
    ['main.ts', 'factory/publish/aws/api/aws-fake.ts', 'Fakes are for tests'],
    ['factory/lock/index.ts', 'test/factory/lock/support.ts', 'Only tests and bench/'],
    ['demo/main.ts', 'test/e2e/image.ts', 'Only tests and bench/'],
    ['demo/main.ts', 'factory/cli/output.ts', 'Only bin/kiln and tests'],
    ['bench/main.ts', 'factory/cli/output.ts', 'Only bin/kiln and tests'],
    ['stacks/local.ts', 'factory/cli/output.ts', 'Only bin/kiln and tests'],
    ['tools/lint/x.ts', 'factory/cli/output.ts', 'Only bin/kiln and tests'],
    ['factory/machines/up.ts', 'modules/aws/node.ts', 'factory/ imports no construct'],
    ['factory/machines/up.ts', 'stacks/local.ts', 'factory/ imports no construct'],
    ['factory/machines/up.ts', 'main.ts', 'factory/ imports no construct'],
    ['factory/machines/up.ts', 'demo/context.ts', 'factory/ imports no construct'],
    ['factory/machines/up.ts', 'bench/main.ts', 'factory/ imports no construct'],
    ['factory/machines/up.ts', 'examples/aws/main.ts', 'factory/ imports no construct'],
    ['modules/aws/node.ts', 'factory/registry/gc.ts', 'Constructs take from factory/ only'],
    ['stacks/local.ts', 'factory/project.ts', 'Constructs take from factory/ only'],
    ['main.ts', 'factory/machines/up.ts', 'Constructs take from factory/ only'],
    ['examples/aws/main.ts', 'factory/machines/up.ts', 'Constructs take from factory/ only'],
    ['modules/aws/node.ts', 'stacks/local.ts', 'Modules are made of modules'],
  ])('refuses %s -> %s, however it is written', (file, target, why) => {
    for (const [way, write] of WAYS)
      expect(said(file, write(path(file, target))), way).toEqual([expect.stringContaining(why)]);
  });

  it.each<[file: string, module: string, why: string]>([
    ['factory/machines/up.ts', 'cdktf', 'factory/ never imports cdktf'],
    ['factory/machines/up.ts', 'cdktf/lib/token', 'factory/ never imports cdktf'],
    ['factory/machines/up.ts', 'constructs', 'factory/ never imports cdktf'],
    ['factory/machines/up.ts', '@cdktf/provider-aws/lib/instance', 'factory/ never imports cdktf'],
    ['stacks/aws.ts', '@cdktf/provider-aws', 'Import deep'],
    ['modules/aws/node.ts', '@cdktf/provider-aws/lib', 'Import deep'],
    ['stacks/aws.ts', '/anywhere/factory/cli/output', 'Import by a relative path'],
  ])('refuses %s -> %s', (file, module, why) => {
    expect(said(file, `import '${module}';`)).toEqual([expect.stringContaining(why)]);
  });

  it.each<[file: string, target: string]>([
    ['factory/cli/bake.ts', 'factory/bake/bake.ts'],
    ['factory/publish/aws/api/ebs-fake.ts', 'factory/publish/aws/api/aws-fake.ts'],
    ['bench/publish.ts', 'factory/publish/aws/api/aws-fake.ts'],
    ['bench/rebuild.ts', 'test/e2e/copy-of.ts'],
    ['test/factory/publish/support.ts', 'factory/publish/aws/api/aws-fake.ts'],
    ['test/factory/cli/bake-view.test.ts', 'factory/cli/bake-view.ts'],
    ['stacks/local.ts', 'modules/local/node.ts'],
    ['stacks/local.ts', 'factory/registry/read.ts'],
    ['stacks/local.ts', 'factory/contracts/node.ts'],
    ['demo/main.ts', 'factory/machines/up.ts'],
  ])('lets %s import %s', (file, target) => {
    for (const [way, write] of WAYS) expect(said(file, write(path(file, target))), way).toEqual([]);
  });

  it('lets constructs import deep', () => {
    expect(said('stacks/aws.ts', "import '@cdktf/provider-aws/lib/instance'; import 'cdktf';")).toEqual([]);
  });
});
