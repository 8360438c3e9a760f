import { DataResource, type TerraformStack } from 'cdktf';
import { KilnError } from '../factory/errors';
import type { ResolvedImage } from '../factory/registry/read';
import type { GoldenImage } from './golden-image';
import { deployed, deploysNothing } from './purpose';

const ZEROS = `sha256:${'0'.repeat(64)}`;

/**
 * Stands where a stack has no image and needs none: one that is destroyed, or that is not among those that are deployed.
 * Terraform destroys by its state, whatever the configuration says.
 */
export const NO_IMAGE: ResolvedImage = {
  digest: ZEROS,
  publications: [],
  record: {
    version: 1,
    image: 'none',
    digest: ZEROS,
    size: 1,
    contentId: ZEROS,
    lock: ZEROS,
    layers: [],
    manifest: ZEROS,
    partitions: [],
    rootHash: '0'.repeat(64),
    versions: {},
    parents: [],
    bakedBy: { kiln: '0.0.0' },
  },
};

/**
 * A stack's image, as far as one is needed: a destroy reads no registry, and a stack that is not among those that are
 * deployed may have none, which its plan then says.
 * @throws KilnError what GoldenImage.resolve throws, for a stack that is deployed.
 */
export function stackImage(stack: TerraformStack, wanted: GoldenImage): ResolvedImage {
  const stacks = deployed();
  if (deploysNothing(stacks)) return NO_IMAGE;
  try {
    return wanted.resolve(stack);
  } catch (error) {
    const isDeployed = stacks?.includes(stack.node.id) ?? true;
    if (!(error instanceof KilnError) || isDeployed) throw error;
    new DataResource(stack, 'no-image', {
      lifecycle: {
        // Terraform wants a condition that looks at something; no workspace is called so.
        precondition: [{ condition: '${terraform.workspace == ""}', errorMessage: error.message }],
      },
    });
    return NO_IMAGE;
  }
}
