import type { IConstruct } from 'constructs';
import { Digest } from '../factory/contracts/digest';
import { resolveImage } from '../factory/registry/read';
import type { ResolvedImage, Wanted } from '../factory/registry/read';
import { projectOf } from './project';

/**
 * The image that machines boot, named by a channel or by its digest. It is resolved at synth: the
 * digest, not the channel, is in the plan, so promoting and then deploying is what rolls nodes.
 */
export class GoldenImage {
  private constructor(
    /** As asked for, e.g. `channel production`. */
    readonly source: string,
    private readonly wanted: Wanted,
  ) {}

  /** What a channel of the project's image points at when the app is synthesised. */
  static channel(name: string): GoldenImage {
    return new GoldenImage(`channel ${name}`, { channel: name });
  }

  /** One image, whatever the channels say. */
  static digest(digest: string): GoldenImage {
    return new GoldenImage('digest', { digest: Digest.parse(digest) });
  }

  /**
   * @throws KilnError `channel-empty` naming the command that fills it, `image-not-stored`, `image-revoked`,
   * `no-registry`, `registry-damaged`; of a registry in a bucket also `registry-unanswered` and the store's own.
   */
  resolve(scope: IConstruct): ResolvedImage {
    return resolveImage(projectOf(scope), this.wanted);
  }
}
