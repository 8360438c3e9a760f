import { LineCounter, isCollection, isScalar, isSeq, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { defined } from '../defined';
import type { Fault } from '../errors';
import { nearest } from './nearest';

type Path = readonly (string | number)[];

const dotted = (path: Path): string =>
  path.map((p, i) => (typeof p === 'number' ? `[${String(p)}]` : i === 0 ? p : `.${p}`)).join('');

/** Through optional, default and union wrappers to what a value at `path` may be. */
function schemasAt(schema: unknown, path: Path): unknown[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return schemasAt(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodPipe) return [schema.in, schema.out].flatMap((each) => schemasAt(each, path));
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => schemasAt(option, path));
  const [head, ...rest] = path;
  if (head === undefined) return [schema];
  if (schema instanceof z.ZodObject) return schemasAt(schema.shape[String(head)], rest);
  if (schema instanceof z.ZodRecord) return schemasAt(schema.valueType, rest);
  if (schema instanceof z.ZodArray) return schemasAt(schema.element, rest);
  return [];
}

const keysAt = (schema: unknown, path: Path): string[] =>
  schemasAt(schema, path).flatMap((s) => (s instanceof z.ZodObject ? Object.keys(s.shape) : []));

/** What zod calls a type, in words. */
const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
};
const kind = (expected: string): string => KINDS[expected] ?? `a ${expected}`;

/** What a value is, in the same words. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  return kind(isCollection(value) ? (isSeq(value) ? 'array' : 'object') : typeof value);
}

const lineOf = (fault: Fault): number => Number(/:(\d+):/.exec(fault.where)?.[1] ?? 0);

/** What V8 says when a reader that calls itself has no more stack; the YAML reader hands it on as a fault of the text. */
const TOO_DEEP = 'Maximum call stack size exceeded';

/** A YAML file that remembers where its values stand, and every fault found in it so far. */
export class YamlFile {
  readonly faults: Fault[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document;
  private isBomb = false;

  /** @param name how faults call it, e.g. `factory.yaml`. */
  constructor(
    private readonly name: string,
    text: string,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    for (const error of this.document.errors) {
      const { line, col } = this.lines.linePos(error.pos[0]);
      const isDeep = error.message.includes(TOO_DEEP);
      this.faults.push({
        where: `${this.name}:${String(line)}:${String(col)}`,
        what: isDeep ? 'it is nested too deep to be read' : (error.message.split('\n')[0] ?? error.message),
        hint:
          error.code === 'DUPLICATE_KEY'
            ? 'keep one of the two'
            : isDeep
              ? 'look for brackets that are never closed'
              : 'this is not YAML: look at its indentation and quotes',
      });
    }
    this.mend();
    this.isBomb = !this.isBroken() && this.expandsWithoutEnd();
    if (this.isBomb)
      this.faultAt(
        1,
        'its aliases (*name) stand for so much that it cannot be read',
        'write out what they stand for',
      );
  }

  /** Aliases of aliases: a few lines stand for more than any memory has. */
  private expandsWithoutEnd(): boolean {
    try {
      this.document.toJS();
      return false;
    } catch (error) {
      if (error instanceof ReferenceError) return true;
      throw error;
    }
  }

  /** Leaves out what has no value, a fault each: aliases without an anchor, and all but the last of equal keys. */
  private mend(): void {
    visit(this.document, {
      Alias: (_, node) => {
        if (node.resolve(this.document) !== undefined) return undefined;
        const { line, col } = this.lines.linePos(node.range?.[0] ?? 0);
        this.faults.push({
          where: `${this.name}:${String(line)}:${String(col)}`,
          what: `*${node.source} is an alias, and nothing before it is called &${node.source}`,
          hint: 'put text that begins with * in quotes',
        });
        return visit.REMOVE;
      },
      Map: (_, { items }) => {
        const keys = items.map(({ key }) => String(key));
        const last = items.filter((__, i) => !keys.includes(keys[i] ?? '', i + 1));
        items.splice(0, items.length, ...last);
      },
    });
  }

  /** File, line, column and path of a value (or of the nearest thing above it that is there). */
  where(path: Path): string {
    return `${this.name}:${this.position(path)}${path.length === 0 ? '' : `: ${dotted(path)}`}`;
  }

  /** Adds a fault at a value's place. */
  fault(path: Path, what: string, hint?: string): void {
    this.faults.push({ where: this.where(path), what, ...defined({ hint }) });
  }

  /** Adds a fault of the text itself. */
  faultAt(line: number, what: string, hint: string): void {
    this.faults.push({ where: `${this.name}:${String(line)}:1`, what, hint });
  }

  /** Whether the text has faults that leave it without a value: a key that is there twice is none of them. */
  isBroken(): boolean {
    return this.isBomb || this.document.errors.some(({ code }) => code !== 'DUPLICATE_KEY');
  }

  /**
   * Takes a number for the text that it is written as: 4.10 is no 4.1 where a release is meant.
   * @returns the text; undefined where there is neither.
   */
  asText(path: Path): string | undefined {
    const node = this.document.getIn(path, true);
    if (!isScalar(node)) return undefined;
    if (typeof node.value === 'number' && node.source !== undefined) node.value = node.source;
    return typeof node.value === 'string' ? node.value : undefined;
  }

  /** What it holds, unjudged. */
  value(): unknown {
    return this.document.toJS() as unknown;
  }

  /** The file's value by a strict schema; undefined when it has faults, all of which are then in `faults`. */
  parse<T extends z.ZodType>(schema: T): z.infer<T> | undefined {
    if (this.faults.length > 0) return undefined;
    const result = schema.safeParse(this.document.toJS() ?? {});
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.explain(schema, issue);
    this.sort();
    return undefined;
  }

  /** Puts the faults into the order of their lines. */
  sort(): void {
    this.faults.sort((a, b) => lineOf(a) - lineOf(b));
  }

  private explain(schema: z.ZodType, issue: z.core.$ZodIssue): void {
    const path = issue.path.map((p) => (typeof p === 'number' ? p : String(p)));
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, path);
      for (const key of issue.keys) {
        const meant = nearest(key, known);
        this.fault(
          [...path, key],
          'unknown key',
          meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`,
        );
      }
      return;
    }
    if (issue.code === 'invalid_type' && this.at(path) === undefined) {
      this.fault(path, `missing; it must be ${kind(issue.expected)}`, 'add it');
      return;
    }
    if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
      const found = this.at(path);
      const quoted =
        issue.expected === 'string' && typeof found === 'number'
          ? `put it in quotes: "${String(found)}"`
          : undefined;
      this.fault(path, `must be ${kind(issue.expected)}, not ${kindOf(found)}`, quoted);
      return;
    }
    if (issue.code === 'invalid_key') {
      this.fault(path, `the name ${issue.issues.map((i) => i.message).join('; ')}`, 'rename it');
      return;
    }
    this.fault(path, issue.message);
  }

  private at(path: Path): unknown {
    return path.length === 0 ? this.document.toJS() : this.document.getIn(path);
  }

  /** `line:column` of a path's key, else of what holds it. */
  private position(path: Path): string {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.offset(path.slice(0, length));
      if (offset !== undefined) {
        const { line, col } = this.lines.linePos(offset);
        return `${String(line)}:${String(col)}`;
      }
    }
    return '1:1';
  }

  private offset(path: Path): number | undefined {
    const last = path[path.length - 1];
    const parent: unknown =
      path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    if (
      typeof parent !== 'object' ||
      parent === null ||
      !('items' in parent) ||
      !Array.isArray(parent.items)
    ) {
      return undefined;
    }
    for (const [i, item] of (parent.items as unknown[]).entries()) {
      if (typeof item !== 'object' || item === null) continue;
      const node: unknown = 'key' in item ? item.key : item;
      const value =
        'key' in item && typeof node === 'object' && node !== null && 'value' in node ? node.value : i;
      if (String(value) !== String(last)) continue;
      if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
        return typeof node.range[0] === 'number' ? node.range[0] : undefined;
      }
    }
    return undefined;
  }
}
