import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { NodeConfig } from '../../factory/contracts/node';

it('the node’s own tests check against the schema that images carry', () => {
  const kept = readFileSync(join(__dirname, '..', 'node', 'node.schema.json'), 'utf8');
  // Of a difference: write this value into test/node/node.schema.json and run the node's tests.
  expect(JSON.parse(kept)).toEqual(z.toJSONSchema(NodeConfig));
});
