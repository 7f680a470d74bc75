// At the end of a run: agent ids and extensions that count for several enabled users, whoever gave them.
// Invariant: one query per attribute, over all users; so whatever run comes next closes what is not shared any more.

import type { Finding, FindingCode } from '../model/finding.ts';
import type { Policy } from '../model/policy.ts';
import type { ComparisonReader, SharedValue } from './ports/comparison.ts';

const codeOf = { agentId: 'agent-id-shared', extension: 'extension-shared' } as const;

export const sharedValueCodes: readonly FindingCode[] = Object.values(codeOf);

/** Enough to see who it is about. */
const mostUsers = 20;

/** One finding per value and owner: each system that gave it to somebody has something to mend. */
export async function findSharedValues(
  read: Pick<ComparisonReader, 'sharedValues'>,
  policy: Pick<Policy, 'sources'>,
): Promise<readonly Finding[]> {
  const order = policy.sources.map((source) => source.name);
  const findings: Finding[] = [];
  for (const attribute of ['agentId', 'extension'] as const) {
    for (const shared of await read.sharedValues(attribute, order)) findings.push(...findingsOf(attribute, shared));
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
