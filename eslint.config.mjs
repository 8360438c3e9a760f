import js from '@eslint/js';
import { join } from 'node:path';
import tseslint from 'typescript-eslint';
import { partsOf, plugin, requireOrder } from './tools/lint/imports.mjs';

// A folder of factory/ that has no place in the order would be judged by nothing.
requireOrder(partsOf(join(import.meta.dirname, 'factory')));

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
  { files: ['**/*.ts', '**/*.mts'], plugins: { kiln: plugin }, rules: { 'kiln/imports': 'error' } },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
