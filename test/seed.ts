import fc from 'fast-check';

/* Before each file of tests: property tests try the same values in each run. tools/test says the seed of a run. */
fc.configureGlobal({ seed: Number(process.env['KILN_TEST_SEED'] ?? 71_673) });
