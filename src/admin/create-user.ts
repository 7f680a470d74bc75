// A user made by hand. It is inactive until somebody enables it (R121), has no roles (R141) and belongs to no source.

import { RosterdError } from '../model/errors.ts';
import { asUserId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { ValidationPolicy } from '../model/policy.ts';
import type { FieldName, OwnedValue } from '../model/user.ts';
import type { StoreTx } from '../sync/ports.ts';
import type { ActReport, Warning } from './act.ts';
import type { AdminContext } from './ports.ts';
import { faultOf } from './validate-field.ts';

export interface CreateUserRequest {
  readonly username: string;
  readonly fields: Readonly<Partial<Record<Exclude<FieldName, 'username'>, string>>>;
}

export async function createUser(context: AdminContext, request: CreateUserRequest): Promise<ActReport> {
  const values = readValues(request, context.policy.validation);
  const username = values.username?.value ?? '';
  return context.store.write(async (tx) => {
    await requireFree(tx, 'username', username);
    if (values.email !== undefined) await requireFree(tx, 'email', values.email.value);
    const now = context.now();
    const id = asUserId(await tx.allocate('user', 1));
    await tx.userRows.create([{ id, origin: 'local', values, enabled: false, activated: false }]);
    const fields = Object.entries(values).map(([field, after]) => ({
      part: 'field' as const,
      field: field as FieldName,
      after,
      rule: 'kept-local' as const,
    }));
    const head = await tx.audit([
      {
        at: now,
        actor: context.actor,
        action: 'user.created',
        subject: `user:${id}`,
        label: username,
        userId: id,
        payload: { parts: [{ part: 'created', origin: 'local' }, ...fields] },
      },
    ]);
    return {
      user: { id, username },
      changed: true,
      summary: `${username} is user ${id}, not enabled yet. Enable it with \`rosterd user enable ${username}\`.`,
      warnings: missingEmail(values),
      audit: head.seq,
    };
  });
}

function readValues(request: CreateUserRequest, rules: ValidationPolicy): Partial<Record<FieldName, OwnedValue>> {
  const values: Partial<Record<FieldName, OwnedValue>> = {};
  const entries: [FieldName, string | undefined][] = [
    ['username', request.username],
    ...(Object.entries(request.fields) as [FieldName, string][]),
  ];
  for (const [field, text] of entries) {
    if (text === undefined) continue;
    const value = text.normalize('NFC').trim();
    const fault = faultOf(field, value, rules);
    if (fault !== undefined) throw new RosterdError('value-invalid', `${field} ${fault}.`, { subject: field });
    if (value !== '') values[field] = { value, owner: 'local' };
  }
  return values;
}

async function requireFree(tx: StoreTx, kind: 'username' | 'email', value: string): Promise<void> {
  const key = foldKey(value);
  const holder = (await tx.holders(kind, [key])).get(key);
  if (holder === undefined) return;
  throw new RosterdError('value-taken', `${kind} ${value} belongs to user ${holder}.`, {
    subject: value,
    detail: { holder },
  });
}

/** Not mandatory, but without one nobody gets notifications or a new password (R108). */
const missingEmail = (values: Partial<Record<FieldName, OwnedValue>>): readonly Warning[] =>
  values.email === undefined
    ? [{ code: 'email-missing', message: 'No e-mail address: this user gets no notifications.' }]
    : [];
