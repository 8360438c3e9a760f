import { Aspects } from 'cdktf';
import type { IAspect } from 'cdktf';
import type { IConstruct } from 'constructs';

interface Taggable extends IConstruct {
  tags: Record<string, string>;
  readonly tagsInput?: Record<string, string>;
}

/** Every resource that takes tags has the setter, whether or not it was given any. */
const isTaggable = (construct: IConstruct): construct is Taggable =>
  'tagsInput' in construct && 'resetTags' in construct;

/**
 * Tags for whatever a stack makes. By aspect, not by the provider's default tags: with those, launch
 * templates differ from their own state once after every deploy.
 */
export function tagAll(scope: IConstruct, tags: Readonly<Record<string, string>>): void {
  Aspects.of(scope).add(
    new (class implements IAspect {
      visit(construct: IConstruct): void {
        if (isTaggable(construct)) construct.tags = { ...tags, ...construct.tagsInput };
      }
    })(),
  );
}
