import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GoldenImage } from '../../modules/golden-image';
import { AwsClusterStack } from '../../stacks/aws-cluster';
import { LocalClusterStack } from '../../stacks/local-cluster';
import { ACCOUNT, CLUSTER, REGION, recordPublication } from './aws';
import { newProject } from './support';
import { hasAwsProvider, hasTerraform, terraform } from './terraform';

it.runIf(hasTerraform)(
  'terraform itself finds nothing wrong with the local cluster (needs Terraform)',
  async () => {
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
    expect(JSON.parse(text)).toMatchObject({
      valid: true,
      error_count: 0,
      warning_count: 0,
      diagnostics: [],
    });
  },
);

it.skipIf(hasAwsProvider !== undefined)(
  `the AWS provider’s schema allows all that a cluster may be made of${hasAwsProvider === undefined ? '' : ` (${hasAwsProvider})`}`,
  async () => {
    const project = await newProject();
    recordPublication(project, await project.promote('disk'), 'ami-0123456789abcdef0');
    const app = project.app();
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000`;
    new AwsClusterStack(app, 'flights', {
      ...CLUSTER,
      buckets: CLUSTER.buckets.map((access) => ({ ...access, kmsKey: key })),
      workers: { ...CLUSTER.workers, placement: 'cluster' },
      secret: { kmsKey: key },
      diskKey: key,
      alarmTopic: `arn:aws:sns:${REGION}:${ACCOUNT}:on-call`,
    });
    app.synth();
    const folder = join(app.outdir, 'stacks', 'flights');
    const init = await terraform(folder, 'init', '-backend=false', '-input=false', '-no-color');
    expect(init.text).toContain('successfully initialized');
    const { text } = await terraform(folder, 'validate', '-json');
    expect(JSON.parse(text)).toMatchObject({
      valid: true,
      error_count: 0,
      warning_count: 0,
      diagnostics: [],
    });
  },
  300_000,
);
