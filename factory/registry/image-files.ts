import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../defined';
import type { FetchProgress } from '../progress';
import type { CatalogueImage } from './catalogue';
import type { RegistryHome } from './home';
import { DISK } from './layout';
import { materialise } from './materialise';
import type { RegistrySettings } from './project';

/** What long work on a registry tells of itself. */
export interface Telling {
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly onWait?: (what: string) => void;
}

/**
 * The folder that has the image's disk and what stands beside it: of its bake here, else made from the registry
 * (see materialise).
 */
export async function imageFiles(
  home: RegistryHome,
  { cache }: Pick<RegistrySettings, 'cache'>,
  { bake, record }: CatalogueImage,
  { onProgress }: Telling = {},
): Promise<string> {
  if (bake !== undefined && existsSync(join(bake, DISK))) return bake;
  return await materialise(home, record, { cache, ...defined({ onProgress }) });
}
