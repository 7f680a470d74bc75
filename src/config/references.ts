// Names in one part of the file that must exist in another: roles of the catalogue, names of sources.
// Works on the value as it was written, so that these problems are reported together with all others.

import type { ConfigPath } from './document.ts';
import type { Complaint } from './issues.ts';
import { suggest } from './nearest.ts';
import { defaultRoles } from './schema-file.ts';
import { isSection, type Section } from './sections.ts';

const sectionOf = (value: unknown): Section => (isSection(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Names of the composite roles that the file leaves in the catalogue. */
function roleNames(file: Section): readonly string[] {
  const own = sectionOf(file['roles']);
  const kept = Object.keys(defaultRoles).filter((role) => !Object.hasOwn(own, role));
  return [...kept, ...Object.keys(own).filter((role) => own[role] !== null)];
}

function checkNames(values: unknown, known: readonly string[], what: string, path: ConfigPath): readonly Complaint[] {
  return listOf(values).flatMap((value, index): readonly Complaint[] => {
    if (typeof value !== 'string' || known.includes(value)) return [];
    return [{ path: [...path, index], at: 'value', message: `is not ${what}${suggest(value, known)}` }];
  });
}

function duplicateNames(section: 'sources' | 'notify', entries: readonly unknown[]): readonly Complaint[] {
  const first = new Map<string, number>();
  const complaints: Complaint[] = [];
  for (const [index, entry] of entries.entries()) {
    const name = sectionOf(entry)['name'];
    if (typeof name !== 'string') continue;
    // Names that differ in case only would be one to people and two to the store.
    const key = name.toLowerCase();
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else
      complaints.push({
        path: [section, index, 'name'],
        at: 'value',
        message: `is also the name of ${section}[${earlier}]; every ${section === 'sources' ? 'source' : 'target'} needs its own`,
      });
  }
  return complaints;
}

/** Names under `correlateAfter` that are no source, the source itself, or wait for this one in turn. */
function checkOrder(sources: readonly unknown[], names: readonly string[]): readonly Complaint[] {
  const waitsFor = new Map<unknown, readonly unknown[]>();
  for (const source of sources) waitsFor.set(sectionOf(source)['name'], listOf(sectionOf(source)['correlateAfter']));
  return sources.flatMap((source, at) => {
    const own = sectionOf(source)['name'];
    const path = ['sources', at, 'correlateAfter'];
    const after = listOf(sectionOf(source)['correlateAfter']);
    const circles = after.flatMap((name, index): readonly Complaint[] => {
      const complain = (message: string): readonly Complaint[] => [{ path: [...path, index], at: 'value', message }];
      if (name === own) return complain('is this source itself; it cannot wait for its own first read');
      const way = wayBetween(name, own, waitsFor);
      return way === undefined ? [] : complain(`waits for this source in turn: ${[own, ...way].join(' -> ')}`);
    });
    return [...checkNames(after, names, 'the name of a source', path), ...circles];
  });
}

/** From one source to the other along what they wait for, both included; undefined when there is no such way. */
function wayBetween(
  from: unknown,
  to: unknown,
  waitsFor: ReadonlyMap<unknown, readonly unknown[]>,
): readonly unknown[] | undefined {
  const ways: (readonly unknown[])[] = [[from]];
  const seen = new Set<unknown>([from]);
  for (const way of ways) {
    const last = way.at(-1);
    if (last === to) return way;
    for (const next of waitsFor.get(last) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** All references of the file that lead nowhere. */
export function checkReferences(value: unknown): readonly Complaint[] {
  const file = sectionOf(value);
  const sources = listOf(file['sources']);
  const names = sources.map((source) => sectionOf(source)['name']).filter((name) => typeof name === 'string');
  const roles = roleNames(file);
  const aSource = 'the name of a source';
  const aRole = 'a role of the catalogue (roles)';
  const ranked = Object.keys(sectionOf(sectionOf(file['mainTeam'])['rank']));
  return [
    ...duplicateNames('sources', sources),
    ...duplicateNames('notify', listOf(file['notify'])),
    ...Object.entries(sectionOf(file['precedence'])).flatMap(([field, list]) =>
      checkNames(list, names, aSource, ['precedence', field]),
    ),
    ...ranked
      .filter((name) => !names.includes(name))
      .map(
        (name): Complaint => ({
          path: ['mainTeam', 'rank', name],
          at: 'key',
          message: `is not ${aSource}${suggest(name, names)}`,
        }),
      ),
    ...checkOrder(sources, names),
    ...checkNames(sectionOf(file['protected'])['roles'], roles, aRole, ['protected', 'roles']),
    ...sources.flatMap((source, at) =>
      listOf(sectionOf(source)['roleMapping']).flatMap((rule, index) =>
        checkNames(sectionOf(rule)['roles'], roles, aRole, ['sources', at, 'roleMapping', index, 'roles']),
      ),
    ),
  ];
}
