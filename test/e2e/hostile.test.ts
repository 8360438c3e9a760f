/* What somebody else's bytes and code try on the machine that bakes; test/e2e/sandbox.test.ts has a recipe's ways out. */
import './hostile/greedy-recipes';
import './hostile/packages';
