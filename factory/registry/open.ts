import { findProject } from '../project';
import { DirectoryHome } from './directory';
import type { RegistryHome } from './home';
import { registrySettings } from './project';
import type { RegistrySettings } from './project';

/** This project's registry. */
export function openRegistry(): { readonly settings: RegistrySettings; readonly home: RegistryHome } {
  const settings = registrySettings(findProject());
  return { settings, home: new DirectoryHome(settings.registry) };
}
