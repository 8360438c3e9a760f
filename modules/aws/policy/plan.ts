import type { TerraformStack } from 'cdktf';

/*
 * A stack as Terraform gets it, for rules to look at: what a construct meant does not count, only what is
 * written.
 */

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

export interface PlannedResource {
  /** e.g. `aws_vpc_endpoint.s3_endpoint_1A2B`. */
  readonly address: string;
  readonly type: string;
  readonly body: JsonObject;
}

export interface Plan {
  readonly resources: readonly PlannedResource[];
  readonly data: readonly PlannedResource[];
  readonly providers: Readonly<Record<string, readonly JsonObject[]>>;
  readonly backend: JsonObject;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** A block that may be there once, several times, or not. */
export const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value];
export const blocksOf = (value: Json | undefined): readonly JsonObject[] => listOf(value).map(objectOf);
/** As text: a string or its list. */
export const textsOf = (value: Json | undefined): readonly string[] => listOf(value).map(String);

function planned(kind: Json | undefined, prefix: string): PlannedResource[] {
  return Object.entries(objectOf(kind)).flatMap(([type, all]) =>
    Object.entries(objectOf(all)).map(([name, body]) => ({
      address: `${prefix}${type}.${name}`,
      type,
      body: objectOf(body),
    })),
  );
}

/** Reads what a stack would be synthesised to; its aspects must have run. */
export function planOf(stack: TerraformStack): Plan {
  return readPlan(JSON.parse(JSON.stringify(stack.toTerraform())) as Json);
}

/** The same from a cdk.tf.json. */
export function readPlan(document: Json): Plan {
  const { resource, data, provider, terraform } = objectOf(document);
  return {
    resources: planned(resource, ''),
    data: planned(data, 'data.'),
    providers: Object.fromEntries(
      Object.entries(objectOf(provider)).map(([name, all]) => [name, blocksOf(all)]),
    ),
    backend: objectOf(objectOf(terraform)['backend']),
  };
}

/** Text that is JSON; undefined where it is a reference that nobody can read before apply. */
export function parsed(text: Json | undefined): JsonObject | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return objectOf(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}
