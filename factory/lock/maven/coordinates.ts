import { defined } from '../../defined';
import { KilnError } from '../../errors';

export interface Coordinates {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** `linux-x86_64`, `shaded`, …; undefined: the main jar. */
  readonly classifier?: string | undefined;
}

/** @param text `group:artifact:version` or `group:artifact:version:classifier`. */
export function parseCoordinates(text: string): Coordinates {
  const [group, artifact, version, classifier, ...rest] = text.split(':');
  if (group === undefined || artifact === undefined || version === undefined || rest.length > 0) {
    throw new KilnError({
      code: 'spec-invalid',
      exitCode: 2,
      what: `${text} is not group:artifact:version or group:artifact:version:classifier`,
    });
  }
  return { group, artifact, version, ...defined({ classifier }) };
}

export const coordinatesText = ({ group, artifact, version, classifier }: Coordinates): string =>
  [group, artifact, version, ...(classifier === undefined ? [] : [classifier])].join(':');

/** Folder of an artifact's files in the layout every Maven repository has. */
export const artifactFolder = ({ group, artifact }: Omit<Coordinates, 'version'>): string =>
  `${group.replaceAll('.', '/')}/${artifact}`;

/** Path of an artifact's file. The pom has no classifier. */
export const artifactPath = (coordinates: Coordinates, extension: 'jar' | 'pom'): string => {
  const { artifact, version, classifier } = coordinates;
  const suffix = classifier === undefined || extension === 'pom' ? '' : `-${classifier}`;
  return `${artifactFolder(coordinates)}/${version}/${artifact}-${version}${suffix}.${extension}`;
};
