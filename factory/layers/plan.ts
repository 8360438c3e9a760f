import { join, relative } from 'node:path';
import { z } from 'zod';
import { codeSource } from '../code/source';
import { LAYERS, type LayerName } from '../contracts/layers';
import type { Input, Lock } from '../contracts/lock';
import { NodeConfig } from '../contracts/node';
import { hostExec } from '../ports/machine/exec-host';
import type { Project } from '../project';
import { fileName } from '../vault';
import { layerKey, type LayerParts } from './key';
import { fileSha256, pathsDigest, treeDigest } from './tree-digest';
import { createHash } from 'node:crypto';

export interface PlannedLayer {
  readonly name: LayerName;
  readonly key: string;
  readonly parts: LayerParts;
  readonly inputs: readonly Input[];
}

/** A layer whose unpacked tree a recipe is given. */
export interface Below {
  readonly layer: LayerName;
  /** Folders whose files no program of the recipe can see: they are not compared before it runs. */
  readonly hidden?: readonly string[];
}

/** The environment's Python runs upon Debian's C library: half of the base is hidden from it (conda_layer/chroot.py). */
const FOR_PYTHON: Below = { layer: 'os', hidden: ['boot', 'usr/lib/jvm', 'usr/lib/modules'] };

export const UNPACKED: Readonly<Record<LayerName, readonly Below[]>> = {
  os: [],
  spark: [],
  hadoop: [],
  conda: [FOR_PYTHON],
  jars: [{ layer: 'os' }, { layer: 'spark' }, { layer: 'hadoop' }],
  node: [{ layer: 'os' }],
  code: [FOR_PYTHON, { layer: 'conda' }],
};

/** What of the os layer a recipe must hide. */
export const hiddenOf = (name: LayerName): readonly string[] =>
  UNPACKED[name].find(({ layer }) => layer === 'os')?.hidden ?? [];

/** The JSON Schema of node.json that the image carries, from the one definition in contracts/. */
export function nodeSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(NodeConfig), null, 2)}\n`;
}

const textDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The libraries that unpack packages and write their records: other versions may write other bytes. */
async function pythonTools(project: Project): Promise<Record<string, string>> {
  const file = join('tools', 'python', 'requirements.txt');
  return { [file]: await fileSha256(join(project.home, file)) };
}

/**
 * What a build backend is given of the code package. Where in a checkout it lies does not matter: no build is taken
 * that depends on its path.
 */
async function codeDigest(project: Project, code: string): Promise<string> {
  const { top, folder, paths, absent, history } = await codeSource(project, code, hostExec);
  const own = paths.map((path) => relative(folder, path));
  return textDigest(JSON.stringify([await pathsDigest(join(top, folder), own), absent, history ?? null]));
}

/** How the lock's choice is called in a layer's parts. */
const JARS = "the lock's choice of jars";
const CLASS_DATA = "the lock's choice of classData";
const WITHOUT = "the lock's conda.without";
const CHANNELS = 'the channels of its packages';
const HIDDEN = 'what of the os layer is hidden';

const channelsOf = (lock: Lock): readonly (readonly string[])[] =>
  lock.inputs
    .flatMap((input) => (input.source === 'conda' ? [[input.file, input.subdir, input.channel]] : []))
    .sort();

/** What of the project a layer's recipe reads beside its locked inputs. */
async function sources(
  name: LayerName,
  project: Project,
  lock: Lock,
  code: string,
): Promise<Record<string, string>> {
  const sandbox = { 'images/sandbox': await fileSha256(join(project.home, 'images', 'sandbox')) };
  switch (name) {
    case 'spark':
    case 'hadoop':
      return {
        ...sandbox,
        [JARS]: lock.choices.jars.value,
      };
    case 'jars':
      return { ...sandbox, [CLASS_DATA]: lock.choices.classData.value };
    case 'node':
      return {
        ...sandbox,
        'images/rootfs': await treeDigest(join(project.home, 'images', 'rootfs')),
        'the schema of node.json': textDigest(nodeSchema()),
      };
    case 'conda':
      return {
        ...sandbox,
        [HIDDEN]: JSON.stringify(hiddenOf(name)),
        ...(await pythonTools(project)),
        [WITHOUT]: JSON.stringify(lock.condaWithout),
        // They stand in conda-meta.
        [CHANNELS]: textDigest(JSON.stringify(channelsOf(lock))),
      };
    case 'code':
      return {
        ...sandbox,
        [HIDDEN]: JSON.stringify(hiddenOf(name)),
        ...(await pythonTools(project)),
        [code]: await codeDigest(project, code),
      };
    default:
      return sandbox;
  }
}

/**
 * Every layer with its key, from the bottom up; reads recipes and sources, not inputs.
 * @param code factory.yaml's folder of the code package.
 */
export async function planLayers(project: Project, lock: Lock, code: string): Promise<PlannedLayer[]> {
  const planned: PlannedLayer[] = [];
  let below = '';
  for (const name of LAYERS) {
    const inputs = lock.inputs.filter((input) => input.use === name);
    const parts: LayerParts = {
      name,
      recipe: await treeDigest(join(project.home, 'images', 'layers', name), ['build']),
      inputs: Object.fromEntries(inputs.map((input) => [fileName(input), input.sha256])),
      sources: await sources(name, project, lock, code),
      below,
      epoch: lock.epoch,
    };
    const key = layerKey(parts);
    planned.push({ name, key, parts, inputs });
    below = key;
  }
  return planned;
}
