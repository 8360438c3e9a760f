import { LineCounter, parseDocument, type Document } from 'yaml';
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

const lineOf = (fault: Fault): number => Number(/:(\d+):/.exec(fault.where)?.[1] ?? 0);

/** A YAML file that remembers where its values stand, and every fault found in it so far. */
export class YamlFile {
  readonly faults: Fault[] = [];
  private readonly lines = new LineCounter();
  private readonly document: Document;

  /** @param name how faults call it, e.g. `factory.yaml`. */
  constructor(
    private readonly name: string,
    text: string,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    for (const error of this.document.errors) {
      const { line, col } = this.lines.linePos(error.pos[0]);
      this.faults.push({
        where: `${this.name}:${String(line)}:${String(col)}`,
        what: error.message.split('\n')[0] ?? error.message,
        hint:
          error.code === 'DUPLICATE_KEY'
            ? 'keep one of the two'
            : 'this is not YAML: look at its indentation and quotes',
      });
    }
  }

  /** Adds a fault at a value's place (or the place of the nearest thing above it that is there). */
  fault(path: Path, what: string, hint?: string): void {
    this.faults.push({
      where: `${this.name}:${this.position(path)}${path.length === 0 ? '' : `: ${dotted(path)}`}`,
      what,
      ...defined({ hint }),
    });
  }

  /** The file's value by a strict schema; undefined when it has faults, all of which are then in `faults`. */
  parse<T extends z.ZodType>(schema: T): z.infer<T> | undefined {
    if (this.faults.length > 0) return undefined;
    const result = schema.safeParse(this.document.toJS() ?? {});
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.explain(schema, issue);
    this.faults.sort((a, b) => lineOf(a) - lineOf(b));
    return undefined;
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
      this.fault(
        path,
        `missing; it must be ${issue.expected === 'object' ? 'a mapping' : `a ${issue.expected}`}`,
        'add it',
      );
      return;
    }
    if (issue.code === 'invalid_key') {
      this.fault(path, `the name ${issue.issues.map((i) => i.message).join('; ')}`, 'rename it');
      return;
    }
    const hint =
      issue.code === 'invalid_type' && issue.expected === 'string' && typeof this.at(path) === 'number'
        ? `put it in quotes: "${String(this.at(path))}"`
        : undefined;
    this.fault(path, issue.message, hint);
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
