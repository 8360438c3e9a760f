import { describe, expect, it } from 'vitest';
import { bestWheel, wheelRank } from '../../../factory/lock/pypi/wheel-tags';

const target = { python: '3.13.5', glibc: '2.41' };

describe('the wheel for the Python and the C library of the image', () => {
  it.each([
    ['a-1-py3-none-any.whl', true],
    ['a-1-py2.py3-none-any.whl', true],
    ['a-1-2-py3-none-any.whl', true],
    ['a-1-py2-none-any.whl', false],
    ['a-1-py312-none-any.whl', true],
    ['a-1-py314-none-any.whl', false],
    ['a-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', true],
    ['a-1-cp313-cp313t-manylinux_2_17_x86_64.whl', false],
    ['a-1-cp312-cp312-manylinux2014_x86_64.whl', false],
    ['a-1-cp38-abi3-manylinux_2_28_x86_64.whl', true],
    ['a-1-cp314-abi3-manylinux_2_28_x86_64.whl', false],
    ['a-1-py3-none-manylinux_2_41_x86_64.whl', true],
    ['a-1-py3-none-manylinux_2_42_x86_64.whl', false],
    ['a-1-py3-none-musllinux_1_2_x86_64.whl', false],
    ['a-1-py3-none-manylinux_2_17_aarch64.whl', false],
    ['a-1-cp313-cp313-win_amd64.whl', false],
    ['a-1.tar.gz', false],
  ])('%s: %s', (file, fits) => {
    expect(wheelRank(file, target) !== undefined).toBe(fits);
  });

  it.each([
    [['a-1-py3-none-any.whl', 'a-1-cp313-cp313-manylinux2014_x86_64.whl'], 1],
    [['a-1-cp38-abi3-manylinux2014_x86_64.whl', 'a-1-py3-none-any.whl'], 0],
    [['a-1-cp38-abi3-manylinux2014_x86_64.whl', 'a-1-cp313-cp313-manylinux2014_x86_64.whl'], 1],
    [['a-1-py3-none-manylinux2014_x86_64.whl', 'a-1-py3-none-manylinux_2_28_x86_64.whl'], 1],
    [['a-1-1-py3-none-any.whl', 'a-1-10-py3-none-any.whl', 'a-1-py3-none-any.whl'], 1],
    [['a-1-cp312-cp312-win32.whl'], undefined],
    [[], undefined],
  ])('of %j it is number %s, whatever their order', (files, index) => {
    const wanted = index === undefined ? undefined : { file: files[index] };
    const wheels = files.map((file) => ({ file }));
    expect(bestWheel(wheels, target)).toEqual(wanted);
    expect(bestWheel([...wheels].reverse(), target)).toEqual(wanted);
  });
});
