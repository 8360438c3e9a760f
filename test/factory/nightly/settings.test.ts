import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nightlySettings } from '../../../factory/nightly/settings';
import { readSpec } from '../../../factory/spec/read';
import { SPEC, projectOf, refusal } from '../spec/support';

const settingsOf = (nightly: string) => {
  const project = projectOf();
  writeFileSync(project.spec, `${SPEC}  staging: {}\n  production: {}\n${nightly}`);
  return nightlySettings(readSpec(project).spec);
};

describe("factory.yaml's nightly", () => {
  it('may be left out: images are registered in the first channel, and nothing follows by itself', () => {
    expect(settingsOf('')).toEqual({ channel: 'candidate', promote: [], branch: undefined });
  });

  it('says what a night may do', () => {
    expect(
      settingsOf(
        'nightly:\n  channel: staging\n  promote: [production]\n  branch: nightly/lock\n  spark: patch\n',
      ),
    ).toEqual({ channel: 'staging', promote: ['production'], branch: 'nightly/lock' });
  });

  it.each([
    ['a channel that is not there', '  channel: beta\n', ['nightly.channel: there is no channel beta']],
    [
      'channels that cannot follow',
      '  promote: [beta, candidate, staging, staging]\n',
      [
        'nightly.promote[0]: there is no channel beta',
        'nightly.promote[1]: candidate is',
        'nightly.promote[3]: staging is there twice',
      ],
    ],
  ])('with %s is refused with every fault', async (_, nightly, faults) => {
    const error = await refusal(() => settingsOf(`nightly:\n${nightly}`));
    expect(error).toMatchObject({ code: 'spec-invalid', exitCode: 2 });
    expect(error.faults).toHaveLength(faults.length);
    faults.forEach((fault, at) => {
      const { where = '', what = '' } = error.faults[at] ?? {};
      expect(`${where}: ${what}`).toContain(fault);
    });
  });

  it.each([
    ['a policy that there is not', '  spark: newest\n', 'stay or patch'],
    ['a branch that is an option', '  branch: --force\n', 'branch'],
    ['a branch out of its folder', '  branch: a/../b\n', 'branch'],
    ['an unknown key', '  chanel: candidate\n', 'chanel'],
  ])('with %s is refused', async (_, nightly, text) => {
    const error = await refusal(() => settingsOf(`nightly:\n${nightly}`));
    expect(JSON.stringify(error.faults)).toContain(text);
  });
});
