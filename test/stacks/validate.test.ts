import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GoldenImage } from '../../modules/golden-image';
import { LocalClusterStack } from '../../stacks/local-cluster';
import { newProject } from './support';
import { hasTerraform, terraform } from './terraform';

it.runIf(hasTerraform)('terraform itself finds nothing wrong with the local cluster', async () => {
  const project = await newProject();
  await project.promote('disk');
  const app = project.app();
  new LocalClusterStack(app, 'local', {
    image: GoldenImage.channel('production'),
    conf: { 'spark.app.name': '${not.a.reference} %{ nor a directive }' },
  });
  app.synth();
  const folder = join(app.outdir, 'stacks', 'local');

  const init = await terraform(folder, 'init', '-backend=false', '-input=false', '-no-color');
  expect(init.text).toContain('successfully initialized');
  const { text } = await terraform(folder, 'validate', '-json');
  expect(JSON.parse(text)).toMatchObject({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] });
});
