import { join } from 'node:path';
import type { BucketRegistry, ChannelSpec, Spec } from '../contracts/spec';
import type { z } from 'zod';
import { defined } from '../defined';
import type { Project } from '../project';
import { KilnError } from '../errors';
import { readSpec } from '../spec/read';

/** What factory.yaml says about where images are kept and which channels there are. */
export interface RegistrySettings {
  /** The image's name. */
  readonly image: string;
  /** Folder of the registry, absolute; of one in a bucket its address, s3://… */
  readonly registry: string;
  /** The same, relative to the project. */
  readonly registryPath: string;
  /** The bucket, where the registry is in one. */
  readonly bucket?: BucketRegistry;
  /** The project's folder, absolute. */
  readonly root: string;
  /** The user's cache, absolute: images that were made from the registry. */
  readonly cache: string;
  /** Folder of this project's bakes, absolute. */
  readonly bakes: string;
  /** Channel -> its gates, in the order of promotion. */
  readonly channels: ReadonlyMap<string, z.infer<typeof ChannelSpec>>;
  /** Until when somebody answers for parts that are past their end of life. */
  readonly endOfLife?: Spec['endOfLife'];
}

/** @throws KilnError `spec-invalid`. */
export function registrySettings(project: Project): RegistrySettings {
  const { spec } = readSpec(project);
  const { registry } = spec;
  return {
    image: spec.image,
    ...(typeof registry === 'string'
      ? { registry: join(project.root, registry), registryPath: registry }
      : { registry: registry.address, registryPath: registry.address, bucket: registry }),
    root: project.root,
    cache: project.cache,
    bakes: join(project.state, 'images'),
    channels: new Map(Object.entries(spec.channels)),
    ...defined({ endOfLife: spec.endOfLife }),
  };
}

/** @throws KilnError `unknown-channel` naming those that factory.yaml declares. */
export function gatesOf(settings: RegistrySettings, channel: string): z.infer<typeof ChannelSpec>['gates'] {
  const spec = settings.channels.get(channel);
  if (spec !== undefined) return spec.gates;
  throw new KilnError({
    code: 'unknown-channel',
    what: `factory.yaml declares no channel ${channel}`,
    hint: `it declares: ${[...settings.channels.keys()].join(', ') || 'none'}`,
    exitCode: 2,
  });
}
