import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Name } from '../contracts/digest';
import { OTHER_USES } from '../contracts/layers';
import { KilnError, type Fault } from '../errors';
import { nearest } from '../spec/nearest';
import { YamlFile } from '../spec/yaml-file';
import { Declaration, type DeclaredLayer } from './declaration';

/** The file that makes a folder of images/layers/ a layer. */
export const LAYER_FILE = 'layer.yaml';

const folderOf = (home: string): string => join(home, 'images', 'layers');

interface Read {
  readonly layer?: DeclaredLayer;
  readonly file: YamlFile;
}

function read(home: string, name: string): Read {
  const path = join('images', 'layers', name, LAYER_FILE);
  const file = new YamlFile(path, readFileSync(join(home, path), 'utf8'));
  const declared = file.parse(Declaration);
  return declared === undefined ? { file } : { file, layer: { ...declared, name } };
}

/** What a file cannot know of itself: names that are taken, and which layers there are. */
function judge({ layer, file }: Read, all: readonly DeclaredLayer[], home: string): void {
  if (layer === undefined) return;
  if (!Name.safeParse(layer.name).success)
    file.fault([], `${layer.name} is no name of a layer`, 'rename its folder: a-z, 0-9 and -');
  if (OTHER_USES.some((use) => use === layer.name))
    file.fault([], `${layer.name} is no layer's name: inputs of the lock for something else are called so`);
  const same = all.find((each) => each.order === layer.order && each.name < layer.name);
  if (same !== undefined)
    file.fault(['order'], `is that of layer ${same.name}`, 'give it a number of its own');
  for (const [index, view] of layer.sees.entries()) {
    const seen = all.find(({ name }) => name === view.layer);
    if (seen === undefined) {
      const names = all.map(({ name }) => name);
      file.fault(
        ['sees', index, 'layer'],
        `there is no layer ${view.layer}`,
        `did you mean ${nearest(view.layer, names) ?? names.join(', ')}?`,
      );
    } else if (seen.order >= layer.order) {
      file.fault(
        ['sees', index, 'layer'],
        `layer ${view.layer} does not come before it`,
        'look at the orders',
      );
    }
    if (layer.sees.findIndex((each) => each.layer === view.layer) !== index)
      file.fault(['sees', index, 'layer'], `layer ${view.layer} is named twice`);
  }
  for (const [index, { layer: other }] of layer.inputsOf.entries()) {
    const names = all.map(({ name }) => name).filter((name) => name !== layer.name);
    if (!names.includes(other))
      file.fault(
        ['inputsOf', index, 'layer'],
        other === layer.name ? 'names itself' : `there is no layer ${other}`,
        `did you mean ${nearest(other, names) ?? names.join(', ')}?`,
      );
  }
  for (const [index, path] of layer.sources.entries())
    if (!existsSync(join(home, path)))
      file.fault(['sources', index], `there is no ${path} in kiln's folder`, 'mend the path');
  const hasList = existsSync(join(folderOf(home), layer.name, 'packages'));
  if (hasList !== (layer.packages !== undefined))
    file.fault(
      ['packages'],
      hasList ? 'is missing: there is a file packages beside it' : 'there is no file packages beside it',
      'packages: with-dependencies or alone, and a file packages with a Debian package a line',
    );
}

/**
 * The layers of this installation in their order, each as its folder declares it.
 * @throws KilnError `layer-invalid` with every fault of every file.
 */
export function declaredLayers(home: string): readonly DeclaredLayer[] {
  const found = readdirSync(folderOf(home), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folderOf(home), entry.name, LAYER_FILE)))
    .map(({ name }) => read(home, name));
  const layers = found
    .flatMap(({ layer }) => (layer === undefined ? [] : [layer]))
    .sort((a, b) => a.order - b.order);
  // A file that cannot be read would make faults of all that name its layer.
  if (layers.length === found.length) for (const each of found) judge(each, layers, home);
  const faults: readonly Fault[] = found.flatMap(({ file }) => file.faults);
  if (faults.length > 0) throw invalid(faults);
  const base = layers[0];
  if (base === undefined || !base.inImage)
    throw invalid([{ where: 'images/layers', what: 'has no base: the first layer must be in the image' }]);
  return layers;
}

const invalid = (faults: readonly Fault[]): KilnError =>
  new KilnError({ code: 'layer-invalid', what: 'errors in what declares the layers', faults, exitCode: 2 });

/** Names of all that an input of the lock may be for. */
export const usesOf = (home: string): readonly string[] => [
  ...declaredLayers(home).map(({ name }) => name),
  ...OTHER_USES,
];

function requireOneOf(name: string, names: readonly string[], what: string): void {
  if (names.includes(name)) return;
  throw new KilnError({
    code: 'no-layer',
    what: `there is no ${what} ${name}`,
    hint: `one of ${names.join(', ')}`,
    exitCode: 2,
  });
}

/** @throws KilnError `no-layer` that names those that there are. */
export const requireLayer = (home: string, name: string): void => {
  requireOneOf(
    name,
    declaredLayers(home).map((layer) => layer.name),
    'layer',
  );
};

/** @throws KilnError `no-layer` that names all uses. */
export const requireUse = (home: string, use: string): void => {
  requireOneOf(use, usesOf(home), 'use');
};
