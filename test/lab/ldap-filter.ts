// Evaluates a search filter on an object with the comparison rules of Active Directory.
// Three-valued as RFC 4511 section 4.5.1.7 asks: true, false, undefined.

import { attributeTypes, backLinks, links, syntaxOf } from './ad-schema.ts';
import { sidToBytes } from './ad-values.ts';
import type { AttributeValue } from './directory.ts';
import type { Entry } from './directory-entry.ts';
import { foldDn } from './dn.ts';
import type { Filter } from './ldap-messages.ts';
import type { View } from './ldap-view.ts';

export type Verdict = boolean | undefined;
type Test = (entry: Entry) => Verdict;

const bitAnd = '1.2.840.113556.1.4.803';
const bitOr = '1.2.840.113556.1.4.804';
const inChain = '1.2.840.113556.1.4.1941';

export function compileFilter(filter: Filter, view: View): Test {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const tests = filter.of.map((one) => compileFilter(one, view));
      const decisive = filter.kind === 'or';
      return (entry) => {
        let verdict: Verdict = !decisive;
        for (const test of tests) {
          const one = test(entry);
          if (one === decisive) return decisive;
          if (one === undefined) verdict = undefined;
        }
        return verdict;
      };
    }
    case 'not': {
      const test = compileFilter(filter.of, view);
      return (entry) => {
        const verdict = test(entry);
        return verdict === undefined ? undefined : !verdict;
      };
    }
    case 'present': {
      const key = filter.attribute.toLowerCase();
      return (entry) => known(key, entry, view.has(entry, key));
    }
    case 'equal':
      return compileEquality(filter.attribute.toLowerCase(), filter.value, view);
    case 'at-least':
    case 'at-most':
      return compileOrder(filter.attribute.toLowerCase(), filter.value, filter.kind, view);
    case 'substrings':
      return compileSubstrings(filter.attribute.toLowerCase(), filter.pieces, view);
    case 'extensible':
      return compileExtensible(filter.attribute.toLowerCase(), filter.rule, filter.value, view);
    default:
      filter satisfies never;
      return () => undefined;
  }
}

/** An attribute that the schema does not know is neither there nor not there. */
const known = (key: string, entry: Entry, verdict: boolean): Verdict =>
  verdict || attributeTypes.has(key) || entry.attribute(key) !== undefined ? verdict : undefined;

export const foldText = (value: AttributeValue): string => value.toString().normalize('NFC').toLowerCase();

const categories: Readonly<Record<string, string>> = {
  person: 'person',
  user: 'person',
  contact: 'person',
  group: 'group',
  computer: 'computer',
  organizationalunit: 'organizational-unit',
  container: 'container',
  domaindns: 'domain-dns',
};

function compileEquality(key: string, value: Buffer, view: View): Test {
  const syntax = syntaxOf(key);
  if (links.has(key) || backLinks.has(key)) return compileLink(key, value.toString(), view);
  if (key === 'objectcategory' && !value.includes('=')) {
    const wanted = `cn=${categories[foldText(value)] ?? foldText(value)}`;
    return (entry) => view.values(entry, key).some((held) => foldDn(held.toString()).startsWith(`${wanted}\u0000`));
  }
  if (syntax === 'binary') {
    const text = value.toString('latin1');
    const wanted = key === 'objectsid' && text.startsWith('S-1-') ? sidToBytes(text) : value;
    return (entry) =>
      known(
        key,
        entry,
        view.values(entry, key).some((held) => wanted.equals(Buffer.from(held as string))),
      );
  }
  const fold = syntax === 'dn' ? (held: AttributeValue): string => foldDn(held.toString()) : foldText;
  const wanted = fold(value);
  return (entry) =>
    known(
      key,
      entry,
      view.values(entry, key).some((held) => fold(held) === wanted),
    );
}

function compileLink(key: string, dn: string, view: View): Test {
  const target = view.directory.find(dn);
  const isForward = links.has(key);
  if (!target) {
    const wanted = foldDn(dn);
    return (entry) => view.values(entry, key).some((held) => foldDn(held.toString()) === wanted);
  }
  if (isForward) {
    const from = target.backLinked(links.get(key) ?? '');
    return (entry) => from.has(entry) && view.has(entry, key);
  }
  return (entry) => entry.backLinked(key).has(target) && view.has(entry, key);
}

function compileOrder(key: string, value: Buffer, kind: 'at-least' | 'at-most', view: View): Test {
  const compare = syntaxOf(key) === 'integer' ? integerOrder(value.toString()) : textOrder(foldText(value));
  return (entry) =>
    known(
      key,
      entry,
      view.values(entry, key).some((held) => {
        const order = compare(held);
        return order !== undefined && (kind === 'at-least' ? order >= 0 : order <= 0);
      }),
    );
}

const toInteger = (text: string): bigint | undefined => (/^-?\d+$/.test(text) ? BigInt(text) : undefined);

function integerOrder(wanted: string): (held: AttributeValue) => number | undefined {
  const right = toInteger(wanted);
  return (held) => {
    const left = toInteger(held.toString());
    if (left === undefined || right === undefined) return undefined;
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

function textOrder(wanted: string): (held: AttributeValue) => number {
  return (held) => {
    const left = foldText(held);
    return left < wanted ? -1 : left > wanted ? 1 : 0;
  };
}

function compileSubstrings(
  key: string,
  pieces: readonly { at: 'initial' | 'any' | 'final'; value: Buffer }[],
  view: View,
): Test {
  if (syntaxOf(key) === 'dn') return () => undefined;
  const folded = pieces.map((piece) => ({ at: piece.at, text: foldText(piece.value) }));
  const matches = (held: string): boolean => {
    let from = 0;
    for (const { at, text } of folded) {
      if (at === 'final') return held.length - text.length >= from && held.endsWith(text);
      const found = at === 'initial' ? (held.startsWith(text) ? 0 : -1) : held.indexOf(text, from);
      if (found < 0) return false;
      from = found + text.length;
    }
    return true;
  };
  return (entry) =>
    known(
      key,
      entry,
      view.values(entry, key).some((held) => matches(foldText(held))),
    );
}

function compileExtensible(key: string, rule: string, value: Buffer, view: View): Test {
  if (rule === bitAnd || rule === bitOr) {
    const mask = toInteger(value.toString()) ?? 0n;
    return (entry) =>
      known(
        key,
        entry,
        view.values(entry, key).some((held) => {
          const bits = (toInteger(held.toString()) ?? 0n) & mask;
          return rule === bitAnd ? bits === mask : bits !== 0n;
        }),
      );
  }
  if (rule === inChain) {
    const reached = closure(key, view.directory.find(value.toString()));
    return (entry) => reached.has(entry) && view.has(entry, key);
  }
  return rule === '' ? compileEquality(key, value, view) : () => undefined;
}

/** Everything that reaches the target over a link, however long the chain; a cycle ends by itself. */
export function closure(key: string, target: Entry | undefined): Set<Entry> {
  const reached = new Set<Entry>();
  const open = target ? [target] : [];
  for (let at = open.pop(); at; at = open.pop()) {
    const forward = backLinks.get(key);
    const next = forward === undefined ? at.backLinked(links.get(key) ?? '') : at.linkTargets(forward);
    for (const entry of next) {
      if (typeof entry === 'string' || reached.has(entry)) continue;
      reached.add(entry);
      open.push(entry);
    }
  }
  return reached;
}
