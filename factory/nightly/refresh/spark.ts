import { parseDocument, isScalar } from 'yaml';
import type { IndexFile } from '../../ports/inputs/python-index';
import { BROKEN_RELEASES } from '../../spec/compatibility';

const partsOf = (release: string): readonly [line: string, patch: number] => {
  const [major = '', minor = '', patch = ''] = release.split('.');
  return [`${major}.${minor}`, Number(patch)];
};

/**
 * The newest patch release of a Spark's own line that the Python index has as a source distribution: none that was
 * withdrawn, none that is known not to work. The one in use where there is no newer.
 */
export function newestPatch(spark: string, files: readonly IndexFile[]): string {
  const [line, patch] = partsOf(spark);
  const releases = files.flatMap(({ file, yanked }) => {
    const release = /^pyspark-(\d+\.\d+\.\d+)\.tar\.gz$/.exec(file)?.[1];
    return release === undefined || yanked || BROKEN_RELEASES[release] !== undefined ? [] : [release];
  });
  const newest = releases
    .map(partsOf)
    .filter(([other]) => other === line)
    .reduce((best, [, each]) => Math.max(best, each), patch);
  return `${line}.${String(newest)}`;
}

/** factory.yaml with another Spark and not a byte else changed. */
export function withSpark(text: string, spark: string): string {
  const node = parseDocument(text).get('spark', true);
  if (!isScalar(node) || node.range === undefined || node.range === null)
    throw new Error('factory.yaml names no spark');
  const [start, end] = node.range;
  return `${text.slice(0, start)}${spark}${text.slice(end)}`;
}
