import { join } from 'node:path';
import { App } from 'cdktf';
import { KilnError, formatError } from '../factory/errors';
import { projectRegistry } from '../factory/registry/read';
import { PROJECT_CONTEXT } from './project';
import { deployed, deploysNothing } from './purpose';

/**
 * Builds and synthesises an app; a fault is told without a stack trace and ends the process with its
 * exit code, leaving what was synthesised before as it was.
 *
 * @param from a folder in the project: it works from any working directory.
 */
export function synthesise(from: string, build: (app: App) => void): void {
  try {
    const { root } = projectRegistry(from);
    const app = new App({
      outdir: process.env['CDKTF_OUTDIR'] ?? join(root, 'cdktf.out'),
      context: { [PROJECT_CONTEXT]: root },
      // What no longer passes its rules must still go.
      skipValidation: deploysNothing(deployed()),
    });
    build(app);
    app.synth();
  } catch (error) {
    if (error instanceof KilnError) {
      process.stderr.write(`${formatError(error)}\n`);
      process.exitCode = error.exitCode;
    } else if (error instanceof Error && error.message.startsWith('Validation failed')) {
      process.stderr.write(`kiln: ${error.message}\n`);
      process.exitCode = 2;
    } else {
      throw error;
    }
  }
}
