/** What of a Python a wheel's file name is judged by. */
export interface WheelTarget {
  /** `3.13` or longer. */
  readonly python: string;
  /** Of the image: `2.41`. */
  readonly glibc: string;
}

const numbers = (text: string): number[] => text.split(/[._]/).map(Number);

/** Old names of glibc versions (PEP 600). */
const LEGACY: Readonly<Record<string, string>> = {
  manylinux1_x86_64: 'manylinux_2_5_x86_64',
  manylinux2010_x86_64: 'manylinux_2_12_x86_64',
  manylinux2014_x86_64: 'manylinux_2_17_x86_64',
};

/** How specific a platform tag is: the glibc's minor version it asks for, -1 for any platform; undefined: it does not fit. */
function platformRank(tag: string, glibc: readonly number[]): number | undefined {
  if (tag === 'any') return -1;
  if (tag === 'linux_x86_64') return 1000;
  const match = /^manylinux_(\d+)_(\d+)_x86_64$/.exec(LEGACY[tag] ?? tag);
  const [major = 0, minor = 0] = glibc;
  if (match === null || Number(match[1]) !== major || Number(match[2]) > minor) return undefined;
  return Number(match[2]);
}

/** How specific an interpreter and ABI tag pair is; undefined: it does not fit. */
function abiRank(interpreter: string, abi: string, python: readonly number[]): number | undefined {
  const [major = 3, minor = 0] = python;
  const exact = `cp${String(major)}${String(minor)}`;
  if (abi === exact) return interpreter === exact ? 4 : undefined;
  const match = /^(cp|py)(\d)(\d*)$/.exec(interpreter);
  if (match === null || Number(match[2]) !== major) return undefined;
  const tooNew = match[3] !== '' && Number(match[3]) > minor;
  if (abi === 'abi3') return match[1] === 'cp' && match[3] !== '' && !tooNew ? 3 : undefined;
  if (abi !== 'none' || tooNew) return undefined;
  if (match[1] === 'cp') return interpreter === exact ? 2 : undefined;
  return match[3] === '' ? 0 : 1;
}

/** How well a wheel fits, to compare with others; undefined where that Python cannot use it. */
export function wheelRank(file: string, target: WheelTarget): readonly number[] | undefined {
  const match = /^[^-]+-[^-]+(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  if (match === null) return undefined;
  const [, build = '', interpreters = '', abis = '', platforms = ''] = match;
  const best = (ranks: readonly (number | undefined)[]): number | undefined => {
    const fitting = ranks.filter((rank) => rank !== undefined);
    return fitting.length === 0 ? undefined : Math.max(...fitting);
  };
  const python = numbers(target.python);
  const abi = best(
    interpreters.split('.').flatMap((each) => abis.split('.').map((one) => abiRank(each, one, python))),
  );
  const platform = best(platforms.split('.').map((each) => platformRank(each, numbers(target.glibc))));
  return abi === undefined || platform === undefined
    ? undefined
    : [abi, platform, Number.parseInt(build === '' ? '0' : build, 10)];
}

/** The wheel that pip would take of those of one release; undefined where none fits. */
export function bestWheel<T extends { readonly file: string }>(
  files: readonly T[],
  target: WheelTarget,
): T | undefined {
  let best: { readonly file: T; readonly rank: readonly number[] } | undefined;
  for (const file of files) {
    const rank = wheelRank(file.file, target);
    if (rank === undefined) continue;
    const at = best === undefined ? -1 : rank.findIndex((each, i) => each !== best?.rank[i]);
    if (best === undefined || (at >= 0 && (rank[at] ?? 0) > (best.rank[at] ?? 0))) best = { file, rank };
  }
  return best?.file;
}
