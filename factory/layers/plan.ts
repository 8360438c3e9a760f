import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from '../contracts/layers';
import { fileName, type Input, type Lock } from '../contracts/lock';
import { KilnError } from '../errors';
import { hostExec } from '../ports/machine/exec-host';
import type { Project } from '../project';
import { declaredLayers, LAYER_FILE, usesOf } from '../recipes';
import type { DeclaredLayer, LockPart } from '../recipes/declaration';
import { GIVEN } from './given';
import { layerKey, type LayerParts, UNKNOWN } from './key';
import { fileSha256, treeDigest } from './tree-digest';
import { FIXED_DATE } from './view';

export interface PlannedLayer {
  readonly name: LayerName;
  readonly declared: DeclaredLayer;
  /** All but what it sees of other layers. */
  readonly parts: LayerParts;
  /** Digest of those: what decides the layer beside the layers that it sees. */
  readonly own: string;
  readonly inputs: readonly Input[];
  /** What of the lock its recipe is told. */
  readonly lockPart: object;
}

/** A part of the lock as text. */
function valueOf(lock: Lock, part: Exclude<LockPart, 'epoch'>): string {
  if (part === 'condaWithout') return JSON.stringify(lock.condaWithout);
  const name = part.slice('choices.'.length) as keyof Lock['choices'];
  return lock.choices[name].value;
}

/** How a part of the lock is called in a layer's parts. */
const wordsFor = (part: LockPart): string =>
  part === 'condaWithout'
    ? "the lock's conda.without"
    : `the lock's choice of ${part.slice('choices.'.length)}`;

const withoutEpoch = (parts: readonly LockPart[]): readonly Exclude<LockPart, 'epoch'>[] =>
  parts.filter((part) => part !== 'epoch');

/** The lock as the recipe sees it: the layer's own inputs, and what else it declares. */
function lockPartOf(declared: DeclaredLayer, lock: Lock, inputs: readonly Input[]): object {
  const names = withoutEpoch(declared.lock).flatMap((part) =>
    part === 'condaWithout' ? [] : [part.slice('choices.'.length) as keyof Lock['choices']],
  );
  return {
    choices: Object.fromEntries(names.map((name) => [name, { value: lock.choices[name].value }])),
    ...(declared.lock.includes('condaWithout') ? { condaWithout: lock.condaWithout } : {}),
    inputs,
  };
}

/**
 * The parts of the lock that are variables of the recipe's environment: choices.classData is KILN_CLASS_DATA. The choice
 * of Python is only in KILN_LOCK: KILN_PYTHON is the interpreter that recipes run on.
 */
export function choiceVariables({ declared }: PlannedLayer, lock: Lock): Readonly<Record<string, string>> {
  const choices = withoutEpoch(declared.lock).filter(
    (part) => part !== 'condaWithout' && part !== 'choices.python',
  );
  return Object.fromEntries(
    choices.map((part) => [
      `KILN_${part
        .slice('choices.'.length)
        .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
        .toUpperCase()}`,
      valueOf(lock, part),
    ]),
  );
}

/** What a recipe reads of an input's entry beside its bytes: a conda package's channel is in its record. */
const inputValue = (input: Input): string =>
  input.source === 'conda' ? `${input.sha256} ${input.channel}/${input.subdir}` : input.sha256;

/** What of the project and the lock a layer's recipe reads beside its locked inputs. */
async function sources(
  declared: DeclaredLayer,
  project: Project,
  lock: Lock,
  code: string,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of ['images/sandbox', 'images/seccomp.py', ...declared.sources]) {
    const file = join(project.home, path);
    found[path] = lstatSync(file).isDirectory() ? await treeDigest(file) : await fileSha256(file);
  }
  for (const name of declared.given)
    Object.assign(found, await GIVEN[name].digests({ project, code, exec: hostExec }));
  for (const part of withoutEpoch(declared.lock)) found[wordsFor(part)] = valueOf(lock, part);
  for (const [name, value] of Object.entries(declared.environment)) found[`variable ${name}`] = value;
  return found;
}

const named = (patterns: readonly string[]): RegExp =>
  new RegExp(`^(?:${patterns.map((pattern) => pattern.split('*').map(escaped).join('.*')).join('|')})$`);

const escaped = (text: string): string => text.replaceAll(/[.+]/g, String.raw`\$&`);

/** The locked inputs of a layer: its own, and those of other layers that it declares, in the order of the lock. */
function inputsFor({ name, inputsOf }: DeclaredLayer, lock: Pick<Lock, 'inputs'>): readonly Input[] {
  const others = inputsOf.map(({ layer, packages }) => ({ layer, names: named(packages) }));
  return lock.inputs.filter(
    (input) =>
      input.use === name || others.some(({ layer, names }) => input.use === layer && names.test(input.name)),
  );
}

/** An input for a layer that there is not would be left out without a word. */
function requireUses(project: Project, lock: Lock): void {
  const uses = usesOf(project.home);
  const strange = [...new Set(lock.inputs.map(({ use }) => use))].filter((use) => !uses.includes(use));
  if (strange.length === 0) return;
  throw new KilnError({
    code: 'no-layer',
    what: `the lock has inputs for what is no layer of this kiln: ${strange.join(', ')}`,
    hint: `layers are the folders of images/layers/ with a ${LAYER_FILE}; make the lock anew: kiln lock --refresh`,
  });
}

/** A lock names each file of a use once; a layer that has another one's inputs could still get two of one name. */
function requireOwnNames(name: LayerName, inputs: readonly Input[]): void {
  const names = inputs.map(fileName);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice === undefined) return;
  throw new KilnError({
    code: 'same-name',
    what: `two inputs of layer ${name} have the file name ${twice}`,
    hint: `images/layers/${name}/${LAYER_FILE} names one of them by inputsOf`,
  });
}

/**
 * Every layer as far as it is known before anything is built, from the bottom up; reads recipes and sources, not inputs.
 * @param code factory.yaml's folder of the code package.
 * @throws KilnError `layer-invalid`, `no-layer`, `same-name`.
 */
export async function planLayers(project: Project, lock: Lock, code: string): Promise<PlannedLayer[]> {
  requireUses(project, lock);
  const planned: PlannedLayer[] = [];
  for (const declared of declaredLayers(project.home)) {
    const { name } = declared;
    const inputs = inputsFor(declared, lock);
    requireOwnNames(name, inputs);
    const parts: LayerParts = {
      name,
      recipe: await treeDigest(
        join(project.home, 'images', 'layers', name),
        ['build'],
        [LAYER_FILE, 'packages'],
      ),
      inputs: Object.fromEntries(inputs.map((input) => [fileName(input), inputValue(input)])),
      sources: await sources(declared, project, lock, code),
      sees: Object.fromEntries(declared.sees.map(({ layer }) => [layer, UNKNOWN])),
      epoch: declared.lock.includes('epoch') ? lock.epoch : FIXED_DATE,
    };
    const lockPart = lockPartOf(declared, lock, inputs);
    planned.push({ name, declared, parts, own: layerKey(parts), inputs, lockPart });
  }
  return planned;
}
