import type { App } from 'cdktf';
import { GoldenImage } from '../modules/golden-image';
import { synthesise } from '../modules/app';
import { AwsClusterStack } from '../stacks/aws-cluster';

/*
 * node synth-alone.js PROJECT DIGEST WORKERS: synthesises one cluster on AWS and prints the seconds that it took
 * once everything was loaded. A process of its own: what one has compiled helps no other.
 */
const [project = '', digest = '', workers = ''] = process.argv.slice(2);
const region = 'eu-central-1';
const began = performance.now();
synthesise(project, (app: App) => {
  new AwsClusterStack(app, 'flights', {
    environment: 'staging',
    account: '123456789012',
    region,
    state: { bucket: 'acme-kiln-state' },
    image: GoldenImage.digest(digest),
    ami: { id: 'ami-0123456789abcdef0' },
    network: { make: { zones: [`${region}a`] } },
    buckets: [{ bucket: 'acme-flights', read: ['input/'], write: ['output/'] }],
    master: { type: 'm6id.large' },
    workers: { count: Number(workers), types: ['m6id.2xlarge', 'm5d.2xlarge'], onDemand: 1 },
  });
});
process.stdout.write(`${String((performance.now() - began) / 1000)}\n`);
