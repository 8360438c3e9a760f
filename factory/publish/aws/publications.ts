import { publicationsOn } from '../../contracts/publication';
import type { AwsPublication } from '../../contracts/publications/aws';
import type { RegistryHome } from '../../registry/home';
import { readPublications, recordPublication } from '../publications';

/** What was recorded of an image at AWS, oldest first. @throws KilnError `registry-damaged`. */
export const readAws = async (home: RegistryHome, digest: string): Promise<readonly AwsPublication[]> =>
  publicationsOn(await readPublications(home, digest), 'aws');

export const recordAws = (home: RegistryHome, publication: AwsPublication): Promise<void> =>
  recordPublication(home, publication, publication.region);
