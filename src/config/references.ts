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
    ...checkNames(sectionOf(file['protected'])['roles'], roles, aRole, ['protected', 'roles']),
    ...sources.flatMap((source, at) =>
      listOf(sectionOf(source)['roleMapping']).flatMap((rule, index) =>
        checkNames(sectionOf(rule)['roles'], roles, aRole, ['sources', at, 'roleMapping', index, 'roles']),
      ),
    ),
  ];
}
