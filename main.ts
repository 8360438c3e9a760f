import { GoldenImage } from './modules/golden-image';
import { synthesise } from './modules/app';
import { LocalClusterStack } from './stacks/local-cluster';

/* Which stacks there are. `npx cdktf deploy local` puts one on machines, `npx cdktf destroy local` takes it away. */
synthesise(__dirname, (app) => {
  new LocalClusterStack(app, 'local', { image: GoldenImage.channel('production'), workers: 2 });
});
