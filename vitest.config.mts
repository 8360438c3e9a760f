import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: ['test/compiled.ts'],
          setupFiles: ['test/seed.ts'],
          include: ['test/{factory,modules,stacks,tools,demo,examples}/**/*.test.ts'],
          // All processors: by default one is left free, which on two is half of them.
          maxWorkers: '100%',
          // Real terraform validate takes seconds, on two busy cores more.
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          // One after another: they share the machine's cores, ports and devices.
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
        },
      },
    ],
  },
});
