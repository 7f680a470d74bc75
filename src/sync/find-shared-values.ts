// At the end of a run: agent ids and extensions that several enabled users have, whoever gave them. Every system works with its own
// value, whichever of them counts for the user here; only one that was set by hand says that the others are wrong.
// Invariant: one query per attribute, over all users; so whatever run comes next closes what is not shared any more.

import type { Finding, FindingCode } from '../model/finding.ts';
import type { ComparisonReader, SharedValue } from './ports/comparison.ts';

const codeOf = { agentId: 'agent-id-shared', extension: 'extension-shared' } as const;

export const sharedValueCodes: readonly FindingCode[] = Object.values(codeOf);

/** Enough to see who it is about. */
const mostUsers = 20;

/** One finding per value and owner: each system that gave it to somebody has something to mend. */
export async function findSharedValues(read: Pick<ComparisonReader, 'sharedValues'>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const attribute of ['agentId', 'extension'] as const) {
    for (const shared of await read.sharedValues(attribute)) findings.push(...findingsOf(attribute, shared));
  }
  return findings;
}

function findingsOf(attribute: keyof typeof codeOf, { value, carriers }: SharedValue): readonly Finding[] {
  const users = carriers.slice(0, mostUsers).map(({ label, owner }) => `${label} (${owner})`);
  if (carriers.length > mostUsers) users.push(`${carriers.length - mostUsers} more`);
  const owners = [...new Set(carriers.map(({ owner }) => owner))];
  return owners.map((owner) => ({
    code: codeOf[attribute],
    ...(owner !== 'local' && { source: owner }),
    subject: `value:${owner}/${attribute}/${value}`,
    label: value,
    detail: { users },
  }));
}
