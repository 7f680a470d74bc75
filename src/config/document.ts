// The configuration file as YAML: its value, and where in the file each part of it stands.
// Invariant: whatever the text is, the answer is a value or problems, never a crash, in time and memory bounded by the limits below.
// The value is built here instead of by yaml's toJS, because duplicate keys, alias bombs, depth and keys that are not text are
// then found in one linear walk with their places (yaml's own duplicate check is quadratic: 4 s for 20,000 keys).

import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { foreignKeyText, syntaxTexts } from './syntax-texts.ts';

export const maxFileBytes = 8 * 1024 * 1024;
const maxDepth = 64;
/** Aliases may repeat a part of the file, but not multiply it: the value may have this many nodes. */
const maxNodes = 1_000_000;
const maxAliasedNodes = 50_000;
const maxProblems = 500;

export type ConfigPath = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A problem of the document; the file's name is added later. */
export interface PlacedProblem extends Place {
  readonly severity: 'error' | 'warning';
  readonly path: ConfigPath;
  readonly message: string;
}

export interface ConfigDocument {
  /** Plain data without prototypes of its own making; undefined when the syntax is broken. */
  readonly value: unknown;
  readonly problems: readonly PlacedProblem[];
  /** Where the value of `path` stands, or the nearest part around it that exists. */
  readonly valueAt: (path: ConfigPath) => Place;
  /** Where the last key of `path` stands. */
  readonly keyAt: (path: ConfigPath) => Place;
}

const keyOf = (pair: Pair<unknown, unknown>): unknown => (isScalar(pair.key) ? pair.key.value : undefined);

/** Builds the value of the document and collects what is wrong with its structure. */
class ValueBuilder {
  readonly problems: PlacedProblem[] = [];
  #nodes = 0;
  #aliasedNodes = 0;
  #isExhausted = false;
  readonly #placeOf: (node: unknown) => Place;
  /** In the order of the file, so that an alias finds the nearest anchor of its name before it. */
  readonly anchors = new Map<string, Node>();

  constructor(placeOf: (node: unknown) => Place) {
    this.#placeOf = placeOf;
  }

  build(node: unknown, path: ConfigPath, aliases: number): unknown {
    this.#nodes += 1;
    if (aliases > 0) this.#aliasedNodes += 1;
    if (this.#isTooMuch(node, path)) return undefined;
    if (isAlias(node)) return this.#buildAlias(node, path, aliases);
    if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor !== undefined)
      this.anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.build(item, [...path, index], aliases));
    if (isMap(node)) return this.#buildMap(node, path, aliases);
    return null;
  }

  #buildAlias(alias: Alias, path: ConfigPath, aliases: number): unknown {
    const target = this.anchors.get(alias.source);
    if (target !== undefined) return this.build(target, path, aliases + 1);
    this.#complain(alias, path, syntaxTexts.BAD_ALIAS);
    return undefined;
  }

  #buildMap(map: YAMLMap, path: ConfigPath, aliases: number): unknown {
    const value: Record<string, unknown> = {};
    const lines = new Map<string, number>();
    for (const pair of map.items) {
      const raw = keyOf(pair);
      const key = typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : raw;
      if (typeof key !== 'string' || key === '__proto__' || key === '<<') {
        this.#complain(pair.key ?? map, path, foreignKeyText(key));
        continue;
      }
      const first = lines.get(key);
      if (first !== undefined) {
        this.#complain(pair.key, [...path, key], `is given twice; it is first given in line ${first}`);
        continue;
      }
      lines.set(key, this.#placeOf(pair.key).line);
      value[key] = this.build(pair.value, [...path, key], aliases);
    }
    return value;
  }

  #isTooMuch(node: unknown, path: ConfigPath): boolean {
    if (this.#isExhausted) return true;
    if (path.length > maxDepth) {
      this.#complain(node, path.slice(0, 4), `is nested more than ${maxDepth} levels deep`);
    } else if (this.#nodes > maxNodes || this.#aliasedNodes > maxAliasedNodes) {
      this.#complain(node, path, 'repeats too much by aliases (`*name`); write the values out');
    } else {
      return false;
    }
    this.#isExhausted = true;
    return true;
  }

  #complain(node: unknown, path: ConfigPath, message: string): void {
    if (this.problems.length >= maxProblems) return;
    this.problems.push({ severity: 'error', path, message, ...this.#placeOf(node) });
  }
}

/** The pair or item that `path` ends in. Where it is missing: what it is missing in, by its key. */
function nodesAlong(
  root: unknown,
  path: ConfigPath,
  anchors: ReadonlyMap<string, Node>,
): { key: unknown; value: unknown } {
  let found: { key: unknown; value: unknown } = { key: root, value: root };
  for (const step of path) {
    const node = isAlias(found.value) ? anchors.get(found.value.source) : found.value;
    if (isMap(node)) {
      const pair = node.items.find((candidate) => String(keyOf(candidate)) === step);
      if (pair === undefined) return { key: found.key, value: found.key };
      // A key without a value has no place of its own.
      found = {
        key: pair.key,
        value: isScalar(pair.value) && pair.value.source === '' ? pair.key : (pair.value ?? pair.key),
      };
    } else if (isSeq(node)) {
      const item = typeof step === 'number' ? node.items[step] : undefined;
      if (item === undefined) return found;
      found = { key: item, value: item };
    } else {
      return found;
    }
  }
  return found;
}

const wholeFile: Place = { line: 1, column: 1 };

/** Parses one YAML document of at most 8 MiB. All problems of syntax and structure are collected. */
export function parseConfigDocument(text: string): ConfigDocument {
  const refuse = (message: string, place = wholeFile): ConfigDocument => ({
    value: undefined,
    problems: [{ severity: 'error', path: [], message, ...place }],
    valueAt: () => place,
    keyAt: () => place,
  });
  if (text.length > maxFileBytes) return refuse(`is larger than ${maxFileBytes / 1024 / 1024} MiB`);
  const counter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const placeOf = (node: unknown): Place =>
    isScalar(node) || isSeq(node) || isMap(node) || isAlias(node) ? placeAt(node.range?.[0] ?? 0) : wholeFile;
  try {
    // logLevel error: warnings are in the list below and never on stderr, where they would quote the file.
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    const problems: PlacedProblem[] = [...document.errors, ...document.warnings].map((error) => ({
      severity: 'error',
      path: [],
      message: syntaxTexts[error.code] ?? 'is not valid YAML here',
      ...placeAt(error.pos[0]),
    }));
    const root: unknown = document.contents;
    const builder = new ValueBuilder(placeOf);
    const value = builder.build(root, [], 0);
    return {
      value: problems.length > 0 ? undefined : value,
      problems: [...problems, ...builder.problems],
      valueAt: (path) => placeOf(nodesAlong(root, path, builder.anchors).value),
      keyAt: (path) => placeOf(nodesAlong(root, path, builder.anchors).key),
    };
  } catch (error) {
    // The parser recurses per level: thousands of brackets exhaust the stack before any limit of ours is asked.
    if (error instanceof RangeError) return refuse('is nested too deeply');
    throw error;
  }
}
