import { isBefore } from '../../versions';
import type { Pin } from './uv';

const pinned = (pins: readonly Pin[]): string | undefined =>
  pins.find(({ name }) => name === 'setuptools')?.version;

/** Setuptools before this one makes wheels by a package of its own, which it asks for when it runs. */
const OWN_WHEEL = '70.1';

/** Whether the setuptools among `pins` lacks the package that makes its wheels. */
export function needsWheel(pins: readonly Pin[]): boolean {
  const setuptools = pinned(pins);
  return (
    setuptools !== undefined && isBefore(setuptools, OWN_WHEEL) && pins.every(({ name }) => name !== 'wheel')
  );
}

/**
 * The first setuptools that can be imported on a Python and all later ones, newest Python first. Setuptools' own
 * Requires-Python does not say so. Found by building a wheel with setuptools 40 to 80 on Python 3.9 to 3.13.
 */
const FIRST_ON = [
  {
    python: '3.12',
    setuptools: '66.1',
    why: 'it uses parts of the standard library (distutils, pkgutil.ImpImporter) that Python 3.12 no longer has',
  },
  {
    python: '3.9',
    setuptools: '41.1',
    why: 'it uses a part of the standard library (HTMLParser.unescape) that Python 3.9 no longer has',
  },
];

/** What is wrong with the setuptools among `pins` on that Python, and the release to ask for. */
export function wrongSetuptools(
  pins: readonly Pin[],
  python: string,
): { readonly what: string; readonly hint: string } | undefined {
  const setuptools = pinned(pins);
  const first = FIRST_ON.find((row) => !isBefore(python, row.python));
  if (setuptools === undefined || first === undefined || !isBefore(setuptools, first.setuptools)) return;
  return {
    what: `setuptools ${setuptools} does not run on Python ${python}: ${first.why}`,
    hint: `ask for setuptools>=${first.setuptools} in build-system.requires of the code package, or for an older Python in environment.yml, where the image's Spark has one`,
  };
}
