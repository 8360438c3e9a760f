import { createHash } from 'node:crypto';
import type { LayerName } from '../contracts/layers';

/**
 * The content id: a digest over the ordered layer digests, baked into the image, so that a running node can
 * be bound to its record. The image's own digest cannot stand inside the image.
 */
export function contentId(layers: readonly { readonly name: LayerName; readonly digest: string }[]): string {
  const hash = createHash('sha256').update('kiln content 1\n');
  for (const layer of layers) hash.update(`${layer.name} ${layer.digest}\n`);
  return `sha256:${hash.digest('hex')}`;
}
