// zod's issues in words for the person who wrote the file. Values are never repeated: the line shows them, and they may be secret.

import type { z } from 'zod';
import type { ConfigPath } from './document.ts';
import { suggest } from './nearest.ts';
import { knownKeys } from './schema-walk.ts';

/** `at: 'key'`: the place is the key that `path` ends in, else its value. */
export interface Complaint {
  readonly path: ConfigPath;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** More unknown keys in one section are a file of something else; the rest adds only time. */
export const maxUnknownKeys = 100;

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section with keys',
  record: 'a section with keys',
  null: 'nothing',
};

const kindOf = (input: unknown): string => {
  if (input === null) return 'null';
  return Array.isArray(input) ? 'array' : typeof input;
};

function wrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return `has no value; give it ${kinds[expected] ?? expected}, or take the key out`;
  const found = kindOf(input);
  const wanted = kinds[expected] ?? expected;
  const hint = expected === 'string' && (found === 'number' || found === 'boolean') ? '; put it in quotes' : '';
  const quoted =
    (expected === 'number' || expected === 'int' || expected === 'boolean') && found === 'string'
      ? ', without quotes'
      : '';
  if (expected === 'int' && found === 'number') return 'must be a whole number';
  return `must be ${wanted}${quoted}, but is ${kinds[found] ?? found}${hint}`;
}

function wrongSize(issue: RawIssue & { readonly code: 'too_small' | 'too_big' }): string {
  const isSmall = issue.code === 'too_small';
  const bound = Number(isSmall ? issue.minimum : issue.maximum);
  const words = isSmall ? 'at least' : 'at most';
  if (issue.origin === 'string')
    return bound === 1 && isSmall ? 'must not be empty' : `must have ${words} ${bound} characters`;
  if (issue.origin === 'array') return `must have ${words} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
  return `must be ${words} ${bound}`;
}

function wrongOption(values: readonly unknown[], input: unknown): string {
  const words = values.map(String);
  if (input === undefined) return `is missing; known: ${words.join(', ')}`;
  return `is not one of the known words${suggest(typeof input === 'string' ? input : '', words)}`;
}

/** The error map: zod asks it for the message of every issue that has none of its own. */
export function wordIssue(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input);
    case 'too_small':
    case 'too_big':
      return wrongSize(issue as RawIssue & { readonly code: 'too_small' | 'too_big' });
    case 'invalid_value':
      return wrongOption(issue.values, issue.input);
    case 'unrecognized_keys':
      return 'is not a known key';
    case 'invalid_union':
      return 'does not have one of the forms that are possible here';
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? 'does not have the right form' : `is not a valid ${issue.format}`;
    case 'invalid_key':
    case 'invalid_element':
      return 'is not a valid key here';
    default:
      return 'is not valid';
  }
}

const isRootType = (issue: Issue): boolean => issue.code === 'invalid_type' && issue.path.length === 0;

/** Of a union's branches the one that the writer most likely meant: the kind of value fits and the fewest things are wrong. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter(
    (issues) => !issues.some(isRootType) && !issues.some((issue) => isForeignValue(issue)),
  );
  return fitting.toSorted((a, b) => a.length - b.length)[0];
}

/** `null` and other single values as a form of their own: never what was meant when another kind of value stands there. */
const isForeignValue = (issue: Issue): boolean => issue.code === 'invalid_value' && issue.path.length === 0;

function kindsOfUnion(branches: readonly (readonly Issue[])[]): string {
  const expected = branches
    .flat()
    .flatMap((issue) => (issue.code === 'invalid_type' && issue.path.length === 0 ? [issue.expected] : []));
  const words = [...new Set(expected.filter((kind) => kind !== 'null').map((kind) => kinds[kind] ?? kind))];
  if (words.length === 0) return wordIssue({ code: 'invalid_union', errors: [], input: undefined });
  return `must be ${[words.slice(0, -1).join(', '), words.at(-1)].filter((part) => part !== '').join(' or ')}`;
}

/** One issue of zod -> what is wrong where; unknown keys and the branches of unions each become complaints of their own. */
function explainIssue(issue: Issue, schema: z.core.$ZodType, base: ConfigPath): readonly Complaint[] {
  const path: ConfigPath = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.slice(0, maxUnknownKeys).map((key) => ({
      path: [...path, key],
      at: 'key',
      message: `is not a known key${suggest(key, known)}`,
    }));
  }
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ path, at: 'key', message: `the key ${message}` }));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = likelyBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => explainIssue(inner, schema, path));
    const isOwnMessage = issue.message !== wordIssue({ code: 'invalid_union', errors: [], input: undefined });
    return [{ path, at: 'value', message: isOwnMessage ? issue.message : kindsOfUnion(issue.errors) }];
  }
  return [{ path, at: 'value', message: issue.message }];
}

export type Checked<Output> =
  | { readonly kind: 'valid'; readonly output: Output }
  | { readonly kind: 'invalid'; readonly complaints: readonly Complaint[] };

/** Parses a value with a schema; all that is wrong with it comes as complaints with paths inside the value. */
export function checkWith<Schema extends z.ZodType>(schema: Schema, value: unknown): Checked<z.output<Schema>> {
  const result = schema.safeParse(value, { error: wordIssue });
  if (result.success) return { kind: 'valid', output: result.data };
  return { kind: 'invalid', complaints: result.error.issues.flatMap((issue) => explainIssue(issue, schema, [])) };
}
