// What a decision on a user says beside its change: claims on unique values, and what a person should look at.
// Invariant: a claim is made for the value that the user would have if nobody else held it, refused or not.

import type { KeyClaim, RefusedClaims, UniqueKeyKind } from '../model/decision.ts';
import type { Finding } from '../model/finding.ts';
import { foldKey } from '../model/keys.ts';
import type { FieldName, OwnedValue, User } from '../model/user.ts';
import type { FieldDecision } from './fields.ts';
import type { LinkedAccount } from './situation.ts';
import { validateValues } from './validate.ts';
import type { CompiledWorld } from './world.ts';

const uniqueFields: readonly (FieldName & UniqueKeyKind)[] = ['username', 'email'];

/** `fields`: the decisions on all fields; `claimant`: subject key of the change. */
export function claimsOf(user: User, claimant: string, fields: readonly FieldDecision[]): readonly KeyClaim[] {
  return uniqueFields.flatMap((kind): KeyClaim[] => {
    const decision = fields.find(({ explanation }) => explanation.field === kind);
    const current = user.values[kind];
    if (decision?.wanted !== undefined && decision.wanted.value === current?.value) return [];
    const holds = current === undefined ? undefined : foldKey(current.value);
    if (decision?.wanted === undefined) {
      const isGivenUp = holds !== undefined && decision?.after === undefined;
      return isGivenUp ? [{ kind, key: '', value: '', claimant, holds }] : [];
    }
    const key = foldKey(decision.wanted.value);
    if (key === holds) return [];
    const { whenRefused } = decision;
    const rest = { ...(holds !== undefined && { holds }), ...(whenRefused && { whenRefused }) };
    return [{ kind, key, value: decision.wanted.value, claimant, ...rest }];
  });
}

interface Decided {
  readonly fields: readonly FieldDecision[];
  readonly linked: readonly LinkedAccount[];
}

/** Broken rules, refused claims and disputed accounts of one user. */
export function findingsOf(
  world: CompiledWorld,
  user: User,
  of: { readonly subject: string; readonly label: string },
  { fields, linked }: Decided,
  refused: RefusedClaims,
): readonly Finding[] {
  const after: Partial<Record<FieldName, OwnedValue>> = {};
  for (const { explanation, after: value } of fields) if (value !== undefined) after[explanation.field] = value;
  const findings: Finding[] = [...validateValues(after, world.policy.validation, of)];
  if (after.username === undefined && user.links.length > 0 && !refused.has(`username:${of.subject}`)) {
    findings.push({ code: 'username-missing', source: world.source, ...of, detail: {} });
  }
  for (const kind of uniqueFields) {
    const holder = refused.get(`${kind}:${of.subject}`);
    const wanted = fields.find(({ explanation }) => explanation.field === kind)?.wanted;
    if (holder !== undefined && wanted !== undefined) findings.push(...conflict(world, kind, of, wanted.value, holder));
  }
  for (const { account } of linked) {
    if (account.quarantine === undefined) continue;
    const code = account.quarantine === 'returned-late' ? 'returned-late' : 'name-of-another';
    findings.push({ code, source: account.source, ...of, detail: { account: account.name, id: account.id } });
  }
  return findings;
}

/** E-mail: on both, because either record may be the one to mend. */
function conflict(
  world: CompiledWorld,
  kind: UniqueKeyKind,
  of: { readonly subject: string; readonly label: string },
  value: string,
  holder: { readonly label: string; readonly subject: string },
): readonly Finding[] {
  const { source } = world;
  const lost: Finding = { code: `${kind}-conflict`, source, ...of, detail: { value, holder: holder.label } };
  if (kind === 'username') return [lost];
  const { subject, label } = holder;
  return [lost, { code: 'email-conflict', source, subject, label, detail: { value, claimant: of.label } }];
}
