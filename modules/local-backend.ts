import { join, resolve } from 'node:path';
import { App, LocalBackend, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { projectOf, relativePath } from './project';

/** Terraform's state beside factory.yaml; cdktf's own default would write an absolute path into the stack. */
export function localBackend(scope: Construct): LocalBackend {
  const stack = TerraformStack.of(scope).node.id;
  const from = join(resolve(App.of(scope).outdir), 'stacks', stack);
  return new LocalBackend(scope, {
    path: relativePath(from, join(projectOf(scope).root, `terraform.${stack}.tfstate`)),
  });
}
