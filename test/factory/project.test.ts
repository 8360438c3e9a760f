import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProject } from '../../factory/project';
import { projectOf } from './spec/support';

describe('the specification of a project', () => {
  it.each([
    ['is its factory.yaml', {}, undefined],
    ['is its factory.yaml under an empty KILN_SPEC', { KILN_SPEC: '' }, undefined],
    ['is the one that KILN_SPEC names', { KILN_SPEC: '/proposed/factory.yaml' }, '/proposed/factory.yaml'],
  ])('%s, and the project stays the same', (_, env, spec) => {
    const { root } = projectOf();
    const project = findProject(root, env);
    expect(project).toMatchObject({
      root,
      spec: spec ?? join(root, 'factory.yaml'),
      lock: join(root, 'factory.lock.json'),
    });
  });
});
