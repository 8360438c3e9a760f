import type { GivenName } from '../../recipes/declaration';
import { codePackage } from './code';
import type { Given } from './given';
import { schemaOfNode } from './node-schema';
import { python } from './python';

/** A new kind is a file in this folder, a line here and its name in factory/recipes/declaration.ts. */
export const GIVEN: Readonly<Record<GivenName, Given>> = {
  code: codePackage,
  'node-schema': schemaOfNode,
  python,
};
