import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CondaInput, Input, PypiInput } from '../../contracts/lock';
import { KilnError, type Fault } from '../../errors';
import { normalised, type PythonIndex } from '../../ports/inputs/python-index';
import type { Exec } from '../../ports/machine/exec';
import type { PipPart } from '../../spec/environment/pip';
import { ofVersion, pinned } from '../pypi';
import { saidBy, uvCompile, type Pin } from '../pypi/uv';
import { bestWheel, type WheelTarget } from '../pypi/wheel-tags';
import type { Step } from '../step';
import type { Needs } from '.';
import { askHelper } from './helper';

const Distributions = z.object({
  distributions: z.array(
    z.object({ name: z.string(), version: z.string(), there: z.string(), package: z.string() }),
  ),
});
type Distribution = z.infer<typeof Distributions>['distributions'][number];

export interface PipWanted {
  /** The environment file, as the user knows it. */
  readonly file: string;
  readonly pip: PipPart;
  /** What the environment has from conda. */
  readonly packages: readonly CondaInput[];
  readonly target: WheelTarget;
  readonly needs: Needs;
  /** kiln's own folder. */
  readonly home: string;
}

interface Ports {
  readonly exec: Exec;
  readonly index: PythonIndex;
  /** Address of the simple index. */
  readonly base: () => Promise<string>;
  readonly files: (inputs: readonly Input[]) => Promise<readonly string[]>;
  readonly step: Step;
}

/** Bounds of the resolver: what conda and the image have, the user's constraints, and what the code package needs. */
const bounds = ({ pip, needs }: PipWanted, there: readonly Distribution[]): string =>
  [
    ...there.map(({ name, version }) => `${name}==${version}`),
    ...pip.constraints.map(({ text }) => text),
    // A constraint has no extras and no address.
    ...needs.requires.filter((text) => !text.includes('@')).map((text) => text.replace(/\[[^\]]*\]/, '')),
  ]
    .map((line) => `${line}\n`)
    .join('');

/** The resolver's refusal, with the conda packages that have a part in it. */
function refusal(
  { file, pip, target }: PipWanted,
  there: readonly Distribution[],
  said: string,
  cause: unknown,
): KilnError {
  const mentions = there.filter(({ name, version }) => said.includes(`${name}==${version}`));
  const faults: Fault[] = mentions.map((each) => ({
    where: pip.requirements.find(({ name }) => name === each.name)?.where ?? file,
    what:
      each.package === ''
        ? `${each.name} ${each.there} is the image's Spark`
        : `${each.name} ${each.there} comes from the conda package ${each.package}`,
    hint:
      each.package === ''
        ? 'take a release of the other one that goes with it'
        : 'take another release of the one or the other, or take both from conda',
  }));
  const none = [...said.matchAll(/[Ww]heels are required for `([^`]+)`/g)].map(([, name = '']) => name);
  const source = [...new Set(none)].filter((each) => !there.some(({ name }) => name === normalised(each)));
  return new KilnError({
    code: 'unresolvable',
    what: `the pip part of ${file} cannot be resolved for Python ${target.python}: ${pip.requirements.map(({ text }) => text).join(', ')}\n${said.replaceAll(/\+(?:conda|spark)\b/g, '')}`,
    hint:
      source.length > 0
        ? `${source.join(', ')}: no wheel of it fits, and kiln builds no source distribution of an environment: take it from a conda channel, or put its wheel on an index of your own (KILN_MIRROR_PYPI)`
        : 'loosen a requirement, or take the package from a conda channel',
    faults,
    cause,
  });
}

/** What the resolver takes from the index; nothing of what is there already. */
async function resolve(wanted: PipWanted, ports: Ports): Promise<readonly Pin[]> {
  const { packages, needs, home, file, target, pip } = wanted;
  const folder = await mkdtemp(join(tmpdir(), 'kiln-pip-'));
  try {
    const paths = await ports.files(packages);
    const { distributions } = await askHelper(
      {
        op: 'distributions',
        packages: packages.map(({ name }, i) => ({ path: paths[i], package: name })),
        spark: needs.spark,
        folder,
      },
      Distributions,
      { file, home, exec: ports.exec },
    );
    const constraints = join(folder, 'constraints.txt');
    await writeFile(constraints, bounds(wanted, distributions));
    const requires = pip.requirements.map(({ text }) => text);
    const pins = await uvCompile({ requires, constraints, wheels: folder, home, ...target }, ports).catch(
      async (error: unknown) => {
        const said = saidBy(error)
          .replaceAll(await ports.base(), 'the Python index')
          .replaceAll(folder, '');
        throw refusal(wanted, distributions, said, error);
      },
    );
    const there = new Set(distributions.map(({ name, version }) => `${name} ${version}`));
    // The image's Spark brings its own py4j.
    return pins.filter(
      ({ name, version }) => !there.has(`${normalised(name)} ${version}`) && normalised(name) !== 'py4j',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The wheels of an environment's pip part, their dependencies included, beside what conda packages bring.
 * @throws KilnError `unresolvable` in the resolver's words, naming the conda packages that are in the way.
 */
export async function resolvePip(wanted: PipWanted, ports: Ports): Promise<PypiInput[]> {
  if (wanted.pip.requirements.length === 0) return [];
  const pins = await resolve(wanted, ports);
  const { pip, target, file } = wanted;
  const asked = [...pip.constraints, ...pip.requirements];
  const inputs = await Promise.all(
    pins.map(async ({ name, version }) => {
      const allowed = asked.flatMap((each) => (each.name === normalised(name) ? each.hashes : []));
      const files = ofVersion((await ports.index.files(name)) ?? [], name, version).filter(
        ({ sha256 }) => allowed.length === 0 || allowed.includes(`sha256:${sha256}`),
      );
      const found = bestWheel(files, target);
      if (found !== undefined) return pinned('conda', normalised(name), version, found);
      throw new KilnError({
        code: 'unresolvable',
        what: `the Python index has no wheel of ${name} ${version} for Python ${target.python}${allowed.length === 0 ? '' : ' with one of the hashes that are given'}`,
        hint: `correct the pip part of ${file}`,
      });
    }),
  );
  ports.step(`pip: ${String(inputs.length)} wheels beside the conda packages`);
  return inputs;
}
