import type { PlatformName } from '../contracts/publication';
import { AWS } from './aws/declaration';
import type { Declaration } from './platform';

/** One folder each; a platform without one does not compile. */
export const PLATFORMS: { readonly [Name in PlatformName]: Declaration } = {
  aws: { ...AWS, load: async () => (await import('./aws/index.js')).aws },
};
