import type { Mirrors, Registry } from './mirrors';

/** Registries at given addresses; asking for another one is a fault of the test. */
export class FakeMirrors implements Mirrors {
  constructor(private readonly bases: Partial<Record<Registry, string>>) {}

  base(registry: Registry): Promise<string> {
    const base = this.bases[registry];
    return base === undefined
      ? Promise.reject(new Error(`the test gave no mirror for ${registry}`))
      : Promise.resolve(base);
  }
}
