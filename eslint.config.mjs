import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The stages in the order of the road: each may import those before it, none after it (design.md). */
const STAGES = [
  'spec',
  'lock',
  'vault',
  'layers',
  'disk',
  'diff',
  'registry',
  'machines',
  'verify',
  'reproduce',
  'publish',
  'nightly',
];

const CDKTF_ROOTS = ['cdktf', 'cdktf/*', '@cdktf/*', 'constructs'];

/** A file in factory/STAGE/ reaches another stage as ../STAGE or, deeper down, ../../STAGE. */
const folders = (names) => names.flatMap((name) => [`**/../${name}`, `**/../${name}/**`]);

const restrict = (...patterns) => ({
  'no-restricted-imports': [
    'error',
    { patterns: patterns.filter(({ group }) => group === undefined || group.length > 0) },
  ],
});

const noCdktf = { group: CDKTF_ROOTS, message: 'factory/ never imports cdktf: the kit works without it.' };
const noCli = {
  group: folders(['cli']),
  message: 'Only cli/ knows the command line: cli -> stages -> ports.',
};
const noApp = {
  group: ['**/modules/**', '**/stacks/**'],
  message: 'factory/ imports no construct and no stack.',
};

const stageRules = STAGES.map((stage, index) => ({
  files: [`factory/${stage}/**/*.ts`],
  rules: restrict(noCdktf, noCli, noApp, {
    group: folders(STAGES.slice(index + 1)),
    message: `${stage} comes before it on the road (${STAGES.join(' -> ')}).`,
  }),
}));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'cdktf.out/', '.kiln/', '.venv/', '**/*.gen/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number in a message is a number in a message.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Constructs are made for what they add to their scope; `void new X()` would say less.
      'no-new': 'off',
      eqeqeq: 'error',
    },
  },
  { files: ['factory/**/*.ts'], rules: restrict(noCdktf, noApp) },
  {
    files: ['factory/{contracts,ports}/**/*.ts'],
    rules: restrict(noCdktf, noCli, noApp, {
      group: folders(STAGES),
      message: 'Contracts and ports are below every stage.',
    }),
  },
  ...stageRules,
  {
    files: ['modules/**/*.ts', 'stacks/**/*.ts', 'main.ts'],
    rules: restrict(
      {
        regex: '^@cdktf/provider-[^/]+(/lib)?$',
        message: 'Import deep (@cdktf/provider-aws/lib/instance): the package root costs seconds and 500 MB.',
      },
      {
        regex: '/factory/(?!contracts/|registry/(read|published)$|errors$)',
        message: 'Constructs take from factory/ only the contracts and the registry’s reader.',
      },
    ),
  },
  {
    files: ['modules/**/*.ts'],
    rules: {},
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
