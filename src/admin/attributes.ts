// Local attributes (R124-R132): Agent ID, Device ID, phone extension and custom ones. They belong to the admin alone:
// sync never reads, overwrites or removes them, and they win over a synced one of the same name.

import { RosterdError } from '../model/errors.ts';
import type { UserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { ValidationPolicy } from '../model/policy.ts';
import { attributeTypes, type OwnedAttribute, type User } from '../model/user.ts';
import { type ActReport, actOnUser, type Warning } from './act.ts';
import { usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';

const longestValue = 1_024;

const bareName = (name: string): string => foldKey(name).replace(/[ _-]/gu, '');

/** `AGENT-ID`, `agent_id` and `agentId` are one; any other name is a custom attribute and keeps its case. */
export function parseAttributeName(name: string): string {
  const wellKnown = attributeTypes.find((type) => bareName(type) === bareName(name));
  if (wellKnown !== undefined) return wellKnown;
  if (/^\p{L}(?:[\p{L}\p{M}\p{N} _.-]{0,62}[\p{L}\p{M}\p{N}_.-])?$/u.test(name)) return name;
  throw new RosterdError(
    'value-invalid',
    `"${name}" is not an attribute name. It starts with a letter and has at most 64 letters, digits, blanks, dots, dashes or underscores.`,
    { subject: name },
  );
}

export function parseAttributeValue(name: string, text: string, rules: ValidationPolicy): string {
  const value = text.normalize('NFC').trim();
  const fault = valueFault(name, value, rules);
  if (fault === undefined) return value;
  throw new RosterdError('value-invalid', `${name} ${fault}.`, { subject: name });
}

function valueFault(name: string, value: string, rules: ValidationPolicy): string | undefined {
  if (value === '') return 'is empty; to remove it use `rosterd user attribute unset`';
  if (value.length > longestValue) return `has ${value.length} characters; ${longestValue} are the most`;
  if (/\p{Cc}/u.test(value)) return 'has a control character in it';
  if (name === 'agentId' && /\s/u.test(value)) return 'has a blank in it; calls are matched by the exact text';
  if (name !== 'extension') return undefined;
  if (!/^[0-9*#+ ()./-]+$/u.test(value)) return 'is not a phone extension: digits, *, #, + and separators only';
  const digits = value.replace(/\D/gu, '').length;
  if (digits === 0) return 'has no digit';
  return digits > rules.phoneMaxDigits ? `has ${digits} digits; ${rules.phoneMaxDigits} are the most` : undefined;
}

const localOf = (user: User, name: string): OwnedAttribute | undefined =>
  user.attributes.find((attribute) => attribute.owner === 'local' && attribute.name === name);

const syncedOf = (user: User, name: string): readonly OwnedAttribute[] =>
  user.attributes.filter((attribute) => attribute.owner !== 'local' && attribute.name === name);

export async function setAttribute(
  context: AdminContext,
  request: { readonly user: string; readonly name: string; readonly value: string },
): Promise<ActReport> {
  const name = parseAttributeName(request.name);
  const value = parseAttributeValue(name, request.value, context.policy.validation);
  const holders = name === 'agentId' || name === 'extension' ? await context.reads.attributeHolders(name, value) : [];
  return actOnUser(context, request.user, async (user, tx) => {
    const others = await tx.users(holders.filter((id) => id !== user.id));
    const warnings = [...shadowed(user, name), ...shared(name, value, others)];
    const before = localOf(user, name)?.value;
    if (before === value) return { unchanged: `${usernameOf(user)} has ${name} ${value} already.`, warnings };
    await tx.userRows.setAttributes([{ user: user.id, name, owner: 'local', value }]);
    return {
      action: 'user.attribute-set',
      summary: `${name} of ${usernameOf(user)} is ${value}${before === undefined ? '' : ` (was ${before})`}.`,
      parts: [{ part: 'attribute', name, owner: 'local', ...(before === undefined ? {} : { before }), after: value }],
      detail: {},
      ...comparedAgain(name),
      warnings,
    };
  });
}

export async function unsetAttribute(
  context: AdminContext,
  request: { readonly user: string; readonly name: string },
): Promise<ActReport> {
  const name = parseAttributeName(request.name);
  return actOnUser(context, request.user, async (user, tx) => {
    const before = localOf(user, name)?.value;
    const synced = syncedOf(user, name);
    const left = synced.map((attribute) => `${attribute.owner} says ${attribute.value}`).join(', ');
    if (before === undefined) {
      const rest =
        left === '' ? '' : ` What is there belongs to a source (${left}) and can only be overridden, not removed.`;
      return { unchanged: `${usernameOf(user)} has no local ${name}.${rest}` };
    }
    await tx.userRows.setAttributes([{ user: user.id, name, owner: 'local', value: undefined }]);
    return {
      action: 'user.attribute-unset',
      summary: `${usernameOf(user)} has no local ${name} any more (was ${before}).${left === '' ? '' : ` Now ${left}.`}`,
      parts: [{ part: 'attribute', name, owner: 'local', before }],
      detail: {},
      ...comparedAgain(name),
    };
  });
}

/** The next run says whether the user still lacks it: `agent-id-missing`, `extension-missing`. */
const comparedAgain = (name: string): { readonly dirty?: string } =>
  name === 'agentId' || name === 'extension' ? { dirty: `${name} edited by hand` } : {};

function shadowed(user: User, name: string): readonly Warning[] {
  return syncedOf(user, name).map((attribute) => ({
    code: 'shadows-synced',
    message: `${attribute.owner} says ${name} ${attribute.value}; the local one wins while it is there.`,
  }));
}

/** Two people with one Agent ID: calls would be matched to the wrong one (R126, R128). Allowed, because phones are shared on purpose. */
function shared(name: string, value: string, others: readonly (User & { readonly id: UserId })[]): readonly Warning[] {
  if (others.length === 0) return [];
  const names = others.slice(0, 3).map(usernameOf).join(', ');
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  return [{ code: 'value-shared', message: `${name} ${value} is also on ${names}${more}; calls are matched by it.` }];
}
