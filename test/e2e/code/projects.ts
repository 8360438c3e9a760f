import type { BackendName } from './bench';
import { Checkout, type Entry } from './checkout';

/** A project to bake, and what its wheel must and must not have. */
export interface Case {
  /** How teams would describe it; its first word names the folder. */
  readonly name: string;
  readonly wheels: readonly BackendName[];
  readonly checkout: (parent: string, name: string) => Checkout;
  /** What the version begins with. */
  readonly version: string;
  /** Names that the wheel has among others. */
  readonly has: readonly string[];
  /** Parts of names that no file of the wheel has. */
  readonly lacks?: readonly string[];
  /** Built only under KILN_TEST_ALL. */
  readonly long?: true;
}

const toml = (requires: readonly string[], backend: string, rest: string): string =>
  `[build-system]\nrequires = ${JSON.stringify(requires)}\nbuild-backend = "${backend}"\n${rest}`;

const project = (rest = 'version = "1.2"'): string => `[project]\nname = "etl"\n${rest}\n`;
const MODULE = { 'src/etl/__init__.py': '"""ETL."""\n__version__ = "1.2"\n' };
/** Names that builds and clean-ups like to take for their own, and Windows line ends. */
const AWKWARD: Readonly<Record<string, Entry>> = {
  'src/etl/build/__init__.py': 'BUILD = 1\n',
  'src/etl/dist/__init__.py': 'DIST = 1\r\n',
  'src/etl/data/.defaults': 'a=1\n',
  'src/etl/data/old.sql~': 'select 1\n',
  'src/etl/data/Query.sql': 'select 2\n',
  'src/etl/data/query.sql': 'select 3\r\n',
};
const AWKWARD_NAMES = Object.keys(AWKWARD).map((path) => path.slice('src/'.length));
const IGNORED: Readonly<Record<string, Entry>> = {
  '.gitignore': '/.kiln/\n*.egg-info\ncredentials*\n/src/etl/scratch/\n',
  'src/etl/data/credentials.json': '{"key": "secret"}\n',
  'src/etl/scratch/big.py': '',
  '.kiln/images/x.py': '',
};

const SETUPTOOLS = ['setuptools==80.9.0'];
const FLIT = toml(['flit_core==4.2.0'], 'flit_core.buildapi', '');
const HATCH = ['hatchling==1.27.0'];
const PACKAGE_DATA = '[tool.setuptools.package-data]\netl = ["data/*", "data/.*"]\n';

export const CASES: readonly Case[] = [
  {
    name: 'flit, src layout, version from the module',
    wheels: ['flit'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE, ...AWKWARD, ...IGNORED,
          'pyproject.toml': `${FLIT}[project]\nname = "etl"\ndynamic = ["version", "description"]\n`,
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: AWKWARD_NAMES,
    lacks: ['credentials', 'scratch'],
  },
  {
    name: 'hatchling, data with dots and tildes, untracked files',
    wheels: ['hatchling'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE, ...AWKWARD, ...IGNORED,
          'pyproject.toml': toml(HATCH, 'hatchling.build', project()),
        })
        .commit()
        .write({ 'src/etl/new.py': 'NEW = 1\n', 'src/etl/gone.py': '' })
        .delete('src/etl/gone.py'), // prettier-ignore
    version: '1.2',
    has: [...AWKWARD_NAMES, 'etl/new.py'],
    lacks: ['credentials', 'scratch', 'gone'],
  },
  {
    name: 'monorepo, hatchling in a folder, ignore file and tracked ignored file above it',
    wheels: ['hatchling'],
    checkout: (parent, name) => {
      const checkout = new Checkout(name, parent, 'teams/etl').write({
        '.gitignore': '*.parquet\nsecret.py\n',
        'teams/etl/pyproject.toml': toml(HATCH, 'hatchling.build', project()),
        'teams/etl/src/etl/__init__.py': '',
        'teams/etl/src/etl/sample.parquet': 'PAR1',
        'teams/etl/src/etl/secret.py': 'KEY = 1\n',
        'teams/other/x.py': '',
      });
      return checkout
        .commit()
        .git(
          ['add', '--force', 'teams/etl/src/etl/sample.parquet'],
          ['commit', '--quiet', '--message=sample'],
        );
    },
    version: '1.2',
    has: ['etl/__init__.py'],
    lacks: ['secret'],
  },
  {
    name: 'hatch-vcs, two commits after its tag and a changed file',
    wheels: ['hatch-vcs'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE,
          'pyproject.toml': toml(
            [...HATCH, 'hatch-vcs==0.5.0'],
            'hatchling.build',
            `${project('dynamic = ["version"]')}[tool.hatch.version]\nsource = "vcs"\n[tool.hatch.build.hooks.vcs]\nversion-file = "src/etl/_version.py"\n`,
          ),
          '.gitignore': '_version.py\n',
        })
        .commit('v2.0')
        .write({ 'src/etl/a.py': '' })
        .commit()
        .write({ 'src/etl/a.py': 'A = 1\n' }),
    version: '2.1.dev1+',
    has: ['etl/_version.py', 'etl/a.py'],
  },
  {
    name: 'setuptools, src layout, a subpackage called build',
    wheels: ['setuptools'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE, ...AWKWARD, ...IGNORED,
          'pyproject.toml': toml(SETUPTOOLS, 'setuptools.build_meta', `${project()}${PACKAGE_DATA}`),
          'build/lib/etl/stale.py': '', 'etl.egg-info/SOURCES.txt': 'src/etl/scratch/big.py\n',
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: AWKWARD_NAMES,
    lacks: ['credentials'],
  },
  {
    name: 'setup.py alone, flat layout, scripts and data files',
    wheels: ['setuptools-old'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'setup.py':
            'from setuptools import setup\nsetup(name="etl", version="1.2", packages=["etl", "etl.sub"], scripts=["bin/load"], data_files=[("share/etl", ["conf/a.ini"])], entry_points={"console_scripts": ["etl=etl:main"]})\n',
          'etl/__init__.py': 'def main(): pass\n', 'etl/sub/__init__.py': '', 'conf/a.ini': '[a]\n',
          'bin/load': { program: '#!/usr/bin/env python\nimport etl\n' },
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: ['etl/sub/__init__.py', 'etl-1.2.data/scripts/load', 'etl-1.2.data/data/share/etl/a.ini'],
  },
  {
    name: 'setup.cfg alone',
    wheels: ['setuptools-old'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'setup.cfg': '[metadata]\nname = etl\nversion = 1.2\n[options]\npackages = find:\n',
          'etl/__init__.py': '',
        })
        .commit(),
    version: '1.2',
    has: ['etl/__init__.py'],
  },
  {
    name: 'tool tables only in pyproject.toml, beside setup.py',
    wheels: ['setuptools-old'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'pyproject.toml': '[tool.black]\nline-length = 100\n',
          'setup.py': 'from setuptools import setup\nsetup(name="etl", version="1.2", py_modules=["etl"])\n',
          'etl.py': '',
        })
        .commit(),
    version: '1.2',
    has: ['etl.py'],
  },
  {
    name: 'build-system without a backend',
    wheels: ['setuptools'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'pyproject.toml': '[build-system]\nrequires = ["setuptools==80.9.0"]\n',
          // The backend for such projects has their folder on the path.
          'setup.py': 'import versions\nfrom setuptools import setup\nsetup(name="etl", version=versions.NOW, py_modules=["etl"])\n',
          'versions.py': 'NOW = "1.2"\n', 'etl.py': '',
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: ['etl.py'],
  },
  {
    name: 'old setuptools, which makes wheels by another package',
    wheels: ['setuptools-old'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE,
          'pyproject.toml': toml(['setuptools==68.2.2', 'wheel==0.45.1'], 'setuptools.build_meta', project()),
        })
        .commit(),
    version: '1.2',
    has: ['etl/__init__.py'],
    long: true,
  },
  {
    name: 'setuptools_scm, data that only git lists',
    wheels: ['setuptools-scm'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE,
          'pyproject.toml': toml(
            [...SETUPTOOLS, 'setuptools-scm==9.2.2'],
            'setuptools.build_meta',
            `${project('dynamic = ["version"]')}[tool.setuptools]\ninclude-package-data = true\n[tool.setuptools_scm]\n`,
          ),
          'src/etl/sql/load.sql': 'select 1\n', 'src/etl/sql/notes.txt': '', '.gitattributes': '*.txt export-ignore\n',
        })
        .commit('v3.1')
        .write({ 'src/etl/sql/draft.sql': '' }), // prettier-ignore
    version: '3.1',
    has: ['etl/sql/load.sql'],
    lacks: ['draft.sql'],
  },
  {
    name: 'setuptools_scm in a folder, changed outside of it, on no branch',
    wheels: ['setuptools-scm'],
    checkout: (parent, name) =>
      new Checkout(name, parent, 'python')
        .write({
          'python/src/etl/__init__.py': '', 'README': 'a\n', 'python/src/etl/a.sql': '', 'deploy/b.sql': '',
          'python/pyproject.toml': toml(
            [...SETUPTOOLS, 'setuptools-scm==9.2.2'],
            'setuptools.build_meta',
            `${project('dynamic = ["version"]')}[tool.setuptools_scm]\nroot = ".."\n`,
          ),
        })
        .commit('v3.1')
        .write({ README: 'b\n' })
        .git(['checkout', '--quiet', '--detach']), // prettier-ignore
    version: '3.2.dev0+g',
    has: ['etl/a.sql'],
    long: true,
  },
  {
    name: 'poetry-core, included and ignored data',
    wheels: ['poetry'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE, ...AWKWARD, ...IGNORED,
          'pyproject.toml': toml(
            ['poetry-core==2.2.1'],
            'poetry.core.masonry.api',
            '[tool.poetry]\nname = "etl"\nversion = "1.2"\ndescription = ""\nauthors = []\npackages = [{include = "etl", from = "src"}]\n',
          ),
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: AWKWARD_NAMES,
    lacks: ['credentials', 'scratch'],
  },
  {
    name: 'pdm-backend, version from a tag',
    wheels: ['pdm'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE, ...AWKWARD, ...IGNORED,
          'pyproject.toml': toml(
            ['pdm-backend==2.4.5'],
            'pdm.backend',
            `${project('dynamic = ["version"]')}[tool.pdm.version]\nsource = "scm"\n`,
          ),
        })
        .commit('4.0'), // prettier-ignore
    version: '4.0',
    has: AWKWARD_NAMES,
    lacks: ['credentials', 'scratch'],
  },
  {
    name: 'uv_build, a program of its own',
    wheels: ['uv'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          ...MODULE,
          ...AWKWARD,
          ...IGNORED,
          'pyproject.toml': toml(['uv_build==0.9.7'], 'uv_build', project()),
        })
        .commit(),
    version: '1.2',
    has: ['etl/build/__init__.py', 'etl/data/.defaults'],
    lacks: ['credentials', 'scratch'],
  },
  {
    name: 'namespace packages, a link and a program among the data',
    wheels: ['setuptools'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'src/company/etl/__init__.py': '', 'src/company/etl/run.sh': { program: '#!/bin/sh\n' },
          'src/company/etl/latest.sql': { link: 'v2.sql' }, 'src/company/etl/v2.sql': 'select 2\n',
          'src/company/etl/shared': { link: '../../../shared' }, 'shared/s.sql': 'select 3\n',
          'pyproject.toml': toml(
            SETUPTOOLS,
            'setuptools.build_meta',
            `${project()}[tool.setuptools.packages.find]\nwhere = ["src"]\n[tool.setuptools.package-data]\n"*" = ["*.sql", "*.sh", "shared/*"]\n`,
          ),
        })
        .commit(), // prettier-ignore
    version: '1.2',
    has: ['company/etl/run.sh', 'company/etl/latest.sql', 'company/etl/shared/s.sql'],
  },
  {
    name: 'a backend of the project itself, no repository, bytecode and caches about',
    wheels: ['setuptools'],
    checkout: (parent, name) =>
      new Checkout(name, parent).write({
        'pyproject.toml': toml(SETUPTOOLS, 'ours', 'backend-path = ["tools"]\n'),
        'tools/ours.py': 'from setuptools.build_meta import *\nfrom setuptools.build_meta import build_wheel as _build\ndef build_wheel(*args, **kwargs):\n    open("etl/made.py", "w").write("MADE = 1\\n")\n    return _build(*args, **kwargs)\n',
        'setup.py': 'from setuptools import setup\nsetup(name="etl", version="1.2", packages=["etl"], package_data={"etl": ["**"]}, include_package_data=True)\n',
        'etl/__init__.py': '', '.venv/pyvenv.cfg': '', '.venv/lib/x.py': '', '.kiln/images/x.py': '',
        'tools/__pycache__/ours.cpython-311.pyc': 'not bytecode',
      }), // prettier-ignore
    version: '1.2',
    has: ['etl/made.py'],
  },
  {
    name: 'submodule with a package in it',
    wheels: ['hatchling'],
    checkout: (parent, name) => {
      const inner = new Checkout(`${name}-inner`, parent).write({ 'common.py': 'C = 1\n' }).commit();
      return new Checkout(name, parent)
        .write({
          ...MODULE,
          'pyproject.toml': toml(HATCH, 'hatchling.build', `${project()}[tool.hatch.build.targets.wheel]\npackages = ["src/etl", "vendor/common"]\n`),
        })
        .commit()
        .git(
          ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'vendor/common'],
          ['commit', '--quiet', '--message=submodule'],
        ); // prettier-ignore
    },
    version: '1.2',
    has: ['common/common.py'],
  },
  {
    name: 'pbr, version and authors from git',
    wheels: ['pbr'],
    checkout: (parent, name) =>
      new Checkout(name, parent)
        .write({
          'pyproject.toml': toml([...SETUPTOOLS, 'pbr==7.0.1'], 'pbr.build', ''),
          'setup.cfg': '[metadata]\nname = etl\nsummary = it\n[files]\npackages =\n    etl\n',
          'setup.py': 'import setuptools\nsetuptools.setup(pbr=True)\n', 'etl/__init__.py': '', 'etl/a.sql': '',
        })
        .commit('5.0.0'), // prettier-ignore
    version: '5.0.0',
    has: ['etl/a.sql'],
    long: true,
  },
];

/** A project that kiln does not bake, and what it says. */
export interface Refused {
  readonly name: string;
  readonly wheels: readonly BackendName[];
  readonly files: Readonly<Record<string, Entry>>;
  readonly says: readonly string[];
}

const setup = (rest: string): string =>
  `from setuptools import setup\n${rest}\nsetup(name="etl", version="1.2", packages=["etl"], **more)\n`;

export const REFUSED: readonly Refused[] = [
  {
    name: 'the time of the build in a module',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'import datetime\nopen("etl/stamp.py", "w").write(f"DAY = {str(datetime.date.today())!r}\\n")\nmore = {}',
      ),
      'etl/__init__.py': '',
    },
    says: ['gives another wheel when it is built again', 'etl/stamp.py: line 1 is "DAY = \''],
  },
  {
    name: 'the folder of the build in a module',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'import os\nopen("etl/where.py", "w").write(f"WHERE = {os.getcwd()!r}\\n")\nmore = {}',
      ),
      'etl/__init__.py': '',
    },
    says: ['etl/where.py: line 1 is'],
  },
  {
    name: 'the order of a set in a module',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'names = {f"table{i}" for i in range(50)}\nopen("etl/names.py", "w").write(f"NAMES = {list(names)!r}\\n")\nmore = {}',
      ),
      'etl/__init__.py': '',
    },
    says: ['etl/names.py: line 1 is'],
  },
  {
    name: 'a C extension',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'from setuptools import Extension\nmore = {"ext_modules": [Extension("etl.fast", ["fast.c"])]}',
      ),
      'etl/__init__.py': '',
      'fast.c': 'int x;\n',
    },
    says: ['asks for a compiler', 'kiln has none'],
  },
  {
    name: 'a C extension that may fail',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'from setuptools import Extension\nmore = {"ext_modules": [Extension("etl.fast", ["fast.c"], optional=True)]}',
      ),
      'etl/__init__.py': '',
      'fast.c': 'int x;\n',
    },
    says: ['asks for a compiler', 'kiln has none'],
  },
  {
    name: 'git behind the back of its own files',
    wheels: ['setuptools'],
    files: {
      'setup.py': setup(
        'import subprocess\nsubprocess.run(["g" + "it", "describe"], check=False)\nmore = {}',
      ),
      'etl/__init__.py': '',
    },
    says: ['asks git (git describe)', '[tool.kiln]'],
  },
  {
    name: 'a build requirement that only the build names',
    wheels: ['setuptools'],
    files: { 'setup.py': setup('more = {"setup_requires": ["flit-core>=3"]}'), 'etl/__init__.py': '' },
    says: ['needs "flit-core>=3", which the lock does not have', 'add to build-system.requires'],
  },
  {
    name: 'a default backend that is not among the requirements',
    wheels: ['flit'],
    files: { 'pyproject.toml': '[build-system]\nrequires = ["flit_core==4.2.0"]\n', 'etl.py': '' },
    says: ['setuptools.build_meta:__legacy__ cannot be imported'],
  },
  {
    name: 'libraries that the environment lacks or has in other versions, and another Python',
    wheels: ['flit'],
    files: {
      'pyproject.toml': `${FLIT}[project]\nname = "etl"\nversion = "1.2"\ndescription = "it"\nrequires-python = "<3.13"\ndependencies = ["chispa>=0.9", "pandas>=99,<100", "numpy", "pyspark>=4", "tomli; python_version < '3.11'", "httpx[http2]"]\n`,
      'etl.py': '',
    },
    says: [
      'Python <3.13 is required, Python is 3.13.5 -> environment.yml: - python<3.13',
      'chispa>=0.9 is required, there is no chispa -> environment.yml: - chispa>=0.9',
      'pandas<100,>=99 is required, pandas is 2.3.3 -> environment.yml: - pandas>=99,<100',
      'h2<5,>=3 is required, there is no h2 -> environment.yml: - h2>=3,<5',
    ],
  },
];
