// Digests by which an unchanged record is recognised without comparing it attribute by attribute.
// Invariant: two readings with the same digest are the same reading, in whatever order the server sent attributes or members.

import { hash } from 'node:crypto';
import type { SourceAccount } from '../model/account.ts';
import { canonicalJson } from '../model/change.ts';
import type { EdgeMember, SourceGroup } from '../model/group.ts';
import { correlationKeys, matchRuleOf, type SourcePolicy } from '../model/policy.ts';

const sha256 = (text: string): string => hash('sha256', text, 'base64url');

/** Raise it when the same rules give other match keys than before: every row is then written anew. */
const keysVersion = 2;

/**
 * What of the policy decides how an account is stored (its match keys): mixed into each digest, so that a change re-writes the
 * rows, and noted by each complete read, so that others know by which rules its accounts can be found.
 */
export function mappingSalt(policy: Pick<SourcePolicy, 'mapping'>): string {
  const rules = correlationKeys.map((key) => [key, matchRuleOf(policy.mapping, key) ?? null]);
  return sha256(canonicalJson({ keysVersion, rules }));
}

/** The attributes as one text; cheaper than JSON, and the separators cannot occur in attribute names. */
function attributesText(attributes: SourceAccount['attributes']): string {
  const parts: string[] = [];
  for (const name of Object.keys(attributes).sort()) {
    const values = attributes[name] as readonly string[];
    parts.push(name, String(values.length));
    for (const value of values) parts.push(String(value.length), value);
  }
  return parts.join('\u0000');
}

export function accountDigest(account: SourceAccount, salt: string): string {
  const head = `${salt}\u0000${account.name}\u0000${account.dn ?? ''}\u0000${account.status}\u0000${account.expiresAt ?? ''}`;
  return sha256(`${head}\u0000${account.unread.join(',')}\u0000${attributesText(account.attributes)}`);
}

export function groupDigest(group: SourceGroup): string {
  return sha256(
    `${group.name}\u0000${group.dn ?? ''}\u0000${group.unread.join(',')}\u0000${attributesText(group.attributes)}`,
  );
}

/** Servers give members in any order, so they are sorted first. */
export function edgesDigest(members: readonly EdgeMember[]): string {
  return sha256(
    members
      .map((member) => `${member.by}:${member.value}`)
      .sort()
      .join('\u0000'),
  );
}
