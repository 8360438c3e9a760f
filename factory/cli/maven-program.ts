import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MavenInput, type Input } from '../contracts/lock';
import { hostExec } from '../ports/machine/exec-host';
import type { Project } from '../project';

/** Apache Maven, which decides what a jar needs; its release is kiln's, not the machine's. */
const MAVEN = MavenInput.parse({
  use: 'tools',
  source: 'maven',
  name: 'org.apache.maven:apache-maven',
  version: '3.9.9',
  classifier: 'bin',
  path: 'org/apache/maven/apache-maven/3.9.9/apache-maven-3.9.9-bin.tar.gz',
  size: 9_102_945,
  sha256: '7a9cdf674fc1703d6382f5f330b3d110ea1b512b51f1652846d9e4e8a588d766',
});

/** The folder of Apache Maven in the user's cache, unpacked on first use. */
export async function mavenHome(project: Project, file: (input: Input) => Promise<string>): Promise<string> {
  const programs = join(project.cache, 'maven');
  const home = join(programs, MAVEN.version);
  if (existsSync(home)) return home;
  mkdirSync(programs, { recursive: true });
  const unpacked = await mkdtemp(join(programs, 'unpacking-'));
  try {
    const archive = await file(MAVEN);
    await hostExec.run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1', '--no-same-owner']);
    await rename(unpacked, home).catch((error: unknown) => {
      // Another kiln was faster.
      if (!existsSync(home)) throw error;
    });
    return home;
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}
