import type { TerraformStack } from 'cdktf';
import { planOf } from './plan';
import type { Plan } from './plan';
import { RULES } from './rules';
import type { Finding, Rule } from './rules';

/** Rules that a stack may break, and why: rule's name -> reason. */
export type Exceptions = Readonly<Record<string, string>>;

export interface Violation extends Finding {
  readonly rule: string;
  readonly why: string;
}

/** What a plan breaks, of the rules without an exception. */
export const violations = (
  plan: Plan,
  except: Exceptions = {},
  rules: readonly Rule[] = RULES,
): Violation[] =>
  rules
    .filter(({ name }) => !(name in except))
    .flatMap(({ name, why, check }) => check(plan).map((finding) => ({ rule: name, why, ...finding })));

/**
 * Holds a stack to the rules: it does not synthesise while it breaks one. Works on what the stack is
 * synthesised to, so overrides and aspects count.
 *
 * @param except rules this stack may break, each with the reason; one that no rule has is a fault too.
 */
export function holdToRules(
  stack: TerraformStack,
  except: Exceptions = {},
  rules: readonly Rule[] = RULES,
): void {
  stack.node.addValidation({
    validate: () => [
      ...Object.keys(except)
        .filter((name) => !rules.some((rule) => rule.name === name))
        .map((name) => `rule ${name}: there is none of that name to make an exception of`),
      ...violations(planOf(stack), except, rules).map(
        ({ rule, where, what, why }) => `rule ${rule}: ${where}: ${what}. ${why}`,
      ),
    ],
  });
}
