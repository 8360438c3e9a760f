import { rmSync } from 'node:fs';
import type { App } from 'cdktf';
import { TerraformStack, Testing } from 'cdktf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GoldenImage } from '../../modules/golden-image';
import { deployed, deploysNothing } from '../../modules/purpose';
import { NO_IMAGE, stackImage } from '../../modules/stack-image';
import { newProject, type ProjectPlace } from '../stacks/support';

describe('which stacks are deployed', () => {
  it.each<[string, string | undefined, readonly string[] | undefined, boolean]>([
    ['nobody says: all of them', undefined, undefined, false],
    ['a destroy: none', '', [], true],
    ['one', 'state', ['state'], false],
    ['two', 'state flights', ['state', 'flights'], false],
  ])('%s', (_, value, stacks, nothing) => {
    const found = deployed(value === undefined ? {} : { KILN_DEPLOYS: value });
    expect(found).toEqual(stacks);
    expect(deploysNothing(found)).toBe(nothing);
  });
});

describe('the image of a stack', () => {
  let project: ProjectPlace;
  let app: App;
  beforeEach(async () => {
    project = await newProject();
    app = project.app();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const image = (name: string, wanted = GoldenImage.channel('production')) => {
    const stack = new TerraformStack(app, name);
    const found = stackImage(stack, wanted);
    return { found, synthesised: Testing.synth(stack) };
  };

  it('is what the channel points at, whichever stacks are named', async () => {
    const digest = await project.promote('disk');
    expect(image('flights').found.digest).toBe(digest);
    vi.stubEnv('KILN_DEPLOYS', 'state');
    expect(image('other').found.digest).toBe(digest);
  });

  it.each(['flights', undefined])('must be there for a stack that is deployed: %s', (stacks) => {
    vi.stubEnv('KILN_DEPLOYS', stacks);
    expect(() => image('flights')).toThrow(expect.objectContaining({ code: 'channel-empty' }));
  });

  it('may be missing for a stack that is not named; its plan would say why', () => {
    vi.stubEnv('KILN_DEPLOYS', 'state');
    const { found, synthesised } = image('flights');
    expect(found).toBe(NO_IMAGE);
    expect(synthesised).toContain('channel production of image spark-node points at nothing yet');
    expect(synthesised).toContain('precondition');
  });

  it('is not asked for where nothing is deployed, though there is no registry at all', () => {
    rmSync(project.home.where, { recursive: true });
    vi.stubEnv('KILN_DEPLOYS', '');
    const { found, synthesised } = image('flights');
    expect(found).toBe(NO_IMAGE);
    expect(synthesised).not.toContain('precondition');
  });
});
