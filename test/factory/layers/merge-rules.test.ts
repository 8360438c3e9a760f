import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MergeRules, type Entry } from '../../../factory/layers/merge-rules';
import type { LayerName } from '../../../factory/contracts/layers';

const entry = (name: string, type = 'file', more: Partial<Entry> = {}): Entry => ({
  name,
  type,
  mode: type === 'directory' ? 0o755 : 0o644,
  uid: 0,
  gid: 0,
  linkname: '',
  attributes: [],
  ...more,
});

/** A base with /usr, /opt and a link, as the os layer's tar has it. */
function base(leftOut: readonly string[] = []): MergeRules {
  const rules = new MergeRules(leftOut);
  for (const each of [
    entry('./', 'directory'),
    entry('./boot/', 'directory'),
    entry('./usr/', 'directory'),
    entry('./usr/lib/', 'directory'),
    entry('./usr/lib/os-release'),
    entry('./opt/', 'directory'),
    entry('./lib', 'symlink', { linkname: 'usr/lib' }),
  ]) {
    expect(rules.admit('os', each).kind).toBe('keep');
  }
  return rules;
}

const what = (rules: MergeRules, layer: LayerName, each: Entry): string => {
  const admission = rules.admit(layer, each);
  return admission.kind === 'fault' ? admission.fault.what : admission.kind;
};

describe('putting layers together', () => {
  it.each<[string, Entry, string]>([
    ["a file over another layer's", entry('./usr/lib/os-release'), 'is in layer os already'],
    ['a folder where a link is', entry('./lib/', 'directory'), 'is a symbolic link in layer os'],
    ['a file below a link', entry('./lib/x'), 'its folder is not a directory of the image'],
    [
      'a file whose folder nobody brought',
      entry('./opt/none/x'),
      'its folder is not a directory of the image',
    ],
    ['a path that climbs', entry('./opt/../etc/shadow'), 'the path leads out of the image'],
    ['an absolute path', entry('/etc/shadow'), 'the path leads out of the image'],
    ['a device', entry('./opt/null', 'character-device'), 'a character-device cannot be in an image'],
    ['a pipe', entry('./opt/pipe', 'fifo'), 'a fifo cannot be in an image'],
    [
      'a file of another user',
      entry('./opt/x', 'file', { uid: 990 }),
      'only layer os may have files that root does not own',
    ],
    ['a set-user-id file', entry('./opt/x', 'file', { mode: 0o4755 }), 'only layer os may have set-id files'],
    [
      'a hard link into another layer',
      entry('./opt/x', 'link', { linkname: './usr/lib/os-release' }),
      'is a hard link to a file that its layer does not have',
    ],
    [
      'a file capability',
      entry('./opt/x', 'file', { attributes: ['SCHILY.xattr.security.capability'] }),
      'extended attributes are not carried: SCHILY.xattr.security.capability',
    ],
  ])('refuses %s', (_, each, told) => {
    expect(what(base(), 'spark', each)).toBe(told);
  });

  it('lets a layer name a folder again, and add to it', () => {
    const rules = base();
    expect(what(rules, 'spark', entry('./opt/', 'directory'))).toBe('skip');
    expect(what(rules, 'spark', entry('./opt/spark/', 'directory'))).toBe('keep');
    expect(what(rules, 'hadoop', entry('./opt/spark/', 'directory'))).toBe('skip');
    expect(what(rules, 'hadoop', entry('./opt/spark/a.jar'))).toBe('keep');
  });

  it("leaves the boot files of the base out, and no other layer's", () => {
    const rules = base(['boot']);
    expect(what(rules, 'os', entry('./boot/vmlinuz'))).toBe('skip');
    expect(what(rules, 'os', entry('./bootless'))).toBe('keep');
    expect(what(rules, 'spark', entry('./boot/vmlinuz'))).toBe('keep');
  });

  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 12 });

  it('accepts files that differ in any order, and gives the same tree', () => {
    fc.assert(
      fc.property(
        names.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([one, other]) => {
          const tree = (order: readonly string[]): unknown[] => {
            const rules = base();
            return order
              .map((name) => rules.admit('spark', entry(`./opt/${name}`)))
              .map((a) => (a.kind === 'keep' ? a.path : a))
              .sort();
          };
          expect(tree(one)).toEqual(tree(other));
          expect(tree(one)).toEqual(one.map((name) => `opt/${name}`).sort());
        },
      ),
    );
  });

  it('refuses every file that two layers bring, whichever comes first', () => {
    fc.assert(
      fc.property(names, names, fc.boolean(), (one, two, swap) => {
        const [first, second] = swap ? [two, one] : [one, two];
        const rules = base();
        for (const name of first) rules.admit('spark', entry(`./opt/${name}`));
        const refused = second.filter(
          (name) => rules.admit('hadoop', entry(`./opt/${name}`)).kind === 'fault',
        );
        expect(refused.sort()).toEqual(one.filter((name) => two.includes(name)).sort());
      }),
    );
  });

  it('never keeps a path that leads out of the image', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'opt', '/'), { maxLength: 6 }), (partsOf) => {
        const admission = base().admit('spark', entry(partsOf.join('/')));
        if (admission.kind === 'keep') expect(`/${admission.path}/`).not.toMatch(/\/\.{0,2}\/./);
      }),
    );
  });
});
