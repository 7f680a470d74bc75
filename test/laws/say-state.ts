// A state of the laws in a few lines, for whoever has to understand a counterexample.

import type { Policy, SourcePolicy } from '../../src/model/policy.ts';
import type { State } from './small-sync.ts';
import { sourcePolicy } from './small-world.ts';

export function sayState({ policy, users, accounts, groups, teams, now }: State): string {
  return [
    `now ${now}`,
    ...policy.sources.map(saySource),
    `precedence ${JSON.stringify(policy.precedence)}, main team ${JSON.stringify(policy.mainTeam)}`,
    ...[...accounts.values()].map((one) => JSON.stringify(one)),
    ...[...groups.values()].map((one) => JSON.stringify(one)),
    ...[...teams.values()].map((one) => JSON.stringify(one)),
    ...[...users.values()].map((one) => JSON.stringify(one)),
  ].join('\n');
}

const usual = sourcePolicy();

/** Only what is not as usual. */
function saySource(source: SourcePolicy): string {
  const unusual = Object.entries(source).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(usual[key as keyof Policy['sources'][number]]),
  );
  const { fields } = source.mapping;
  return `${source.name} gives ${Object.keys(fields)}: ${JSON.stringify(Object.fromEntries(unusual.filter(([key]) => key !== 'mapping' && key !== 'roleMapping')))}`;
}
