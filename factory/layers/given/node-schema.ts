import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NodeConfig } from '../../contracts/node';
import { textDigest } from '../tree-digest';
import type { Given } from './given';

/** The JSON Schema of node.json that the image carries, from the one definition in contracts/. */
const nodeSchema = (): string => `${JSON.stringify(z.toJSONSchema(NodeConfig), null, 2)}\n`;

/** It lies among the inputs as node.schema.json. */
export const schemaOfNode: Given = {
  digests: () => Promise.resolve({ 'the schema of node.json': textDigest(nodeSchema()) }),
  place(_, { inputs }) {
    writeFileSync(join(inputs, 'node.schema.json'), nodeSchema(), { mode: 0o644 });
    return Promise.resolve({});
  },
};
