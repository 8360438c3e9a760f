import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const PARTS = [
  'bin',
  'dist',
  'environment.yml',
  'factory',
  'factory.lock.json',
  'factory.yaml',
  'images',
  'jobs',
  'package.json',
  'tools',
  'tsconfig.build.json',
  'tsconfig.json',
];

/** A kiln of its own, whose recipes a test can change. */
export function copyOf(home: string, to: string): string {
  for (const part of PARTS)
    cpSync(join(home, part), join(to, part), { recursive: true, preserveTimestamps: true });
  for (const part of ['node_modules', '.venv']) symlinkSync(join(home, part), join(to, part));
  return to;
}
