// At the end of a run: teams of the contact centre that nobody is in, or that nobody may manage.
// A team that never becomes main by rule (`mainTeam.ineligible`) is a catch-all that nobody has to look after.
// Invariant: one query over all teams; a team that no group of UCCX or UCCE feeds any more has no such finding.

import type { Finding, FindingCode } from '../model/finding.ts';
import type { Policy } from '../model/policy.ts';
import { isContactCentre } from '../reconcile/cross-findings.ts';
import { compilePatterns } from '../reconcile/patterns.ts';
import type { ComparisonReader, TeamGap } from './ports/comparison.ts';

export const teamGapCodes: readonly FindingCode[] = ['team-without-members', 'team-without-supervisor'];

export async function findTeamGaps(
  read: Pick<ComparisonReader, 'teamGaps'>,
  { sources, mainTeam }: Pick<Policy, 'sources' | 'mainTeam'>,
): Promise<readonly Finding[]> {
  const order = sources.filter((policy) => isContactCentre({ policy })).map((source) => source.name);
  const isCatchAll = compilePatterns(mainTeam.ineligible);
  return (await read.teamGaps(order)).flatMap((gap) => (isCatchAll(gap.name) ? [] : findingsOf(gap, order)));
}

/** Of several sources that feed the team the first one is asked to mend it; the groups of all of them are named. */
function findingsOf(
  { team, name, groups, hasMember, hasSupervisor }: TeamGap,
  order: readonly NonNullable<Finding['source']>[],
): readonly Finding[] {
  const source = order.find((one) => groups.some((group) => group.source === one));
  const detail = { groups: groups.map((group) => `${group.name} in ${group.source}`).sort() };
  const of = { ...(source !== undefined && { source }), subject: `team:${team}`, label: name, detail };
  return [
    ...(hasMember ? [] : [{ ...of, code: 'team-without-members' as const }]),
    ...(hasSupervisor ? [] : [{ ...of, code: 'team-without-supervisor' as const }]),
  ];
}
