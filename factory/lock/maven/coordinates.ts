import { KilnError } from '../../errors';

export interface Coordinates {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

export function parseCoordinates(text: string): Coordinates {
  const [group, artifact, version, ...rest] = text.split(':');
  if (group === undefined || artifact === undefined || version === undefined || rest.length > 0) {
    throw new KilnError({ code: 'spec-invalid', exitCode: 2, what: `${text} is not group:artifact:version` });
  }
  return { group, artifact, version };
}

/** Path of an artifact's file in the layout every Maven repository has. */
export const artifactPath = ({ group, artifact, version }: Coordinates, extension: 'jar' | 'pom'): string =>
  `${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}.${extension}`;
