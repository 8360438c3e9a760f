import { openRegistryBucket } from '../ports/objects/registry-bucket';
import { findProject } from '../project';
import { BucketHome } from './bucket';
import { DirectoryHome } from './directory';
import type { RegistryHome } from './home';
import { registrySettings } from './project';
import type { RegistrySettings } from './project';

/** @throws KilnError `no-ca`. */
export const openHome = ({
  registry,
  bucket,
  root,
}: Pick<RegistrySettings, 'registry' | 'bucket' | 'root'>): RegistryHome =>
  bucket === undefined
    ? new DirectoryHome(registry)
    : new BucketHome(openRegistryBucket(root, bucket), registry);

/** This project's registry. */
export function openRegistry(): { readonly settings: RegistrySettings; readonly home: RegistryHome } {
  const settings = registrySettings(findProject());
  return { settings, home: openHome(settings) };
}
