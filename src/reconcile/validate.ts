// Validation of what sources give: blocking problems prevent the creation of a user, all others are findings.
// Invariant: length and character rules look at the local part (before the first `@`) only.

import type { Finding, FindingCode } from '../model/finding.ts';
import type { ValidationPolicy } from '../model/policy.ts';
import type { FieldName, OwnedValue, User } from '../model/user.ts';

/** One broken rule; `rule` is for machines, `message` for people. */
export interface Problem {
  readonly rule: string;
  readonly message: string;
}

/** R8-R11, R36. An empty list: fine. */
export function checkUsername(username: string, policy: ValidationPolicy): readonly Problem[] {
  const local = username.split('@', 1)[0] ?? '';
  const problems: Problem[] = [];
  const forbidden = [...new Set(local)].filter((character) => policy.usernameForbidden.includes(character));
  if (forbidden.length > 0) problems.push({ rule: 'R8', message: `has the forbidden ${forbidden.join(' ')}` });
  if (!/[\p{L}\p{N}]/u.test(local)) problems.push({ rule: 'R9', message: 'has no letter and no digit' });
  if (!/\p{L}/u.test(local)) problems.push({ rule: 'R10', message: 'has no letter' });
  if (local.endsWith('.')) problems.push({ rule: 'R11', message: 'ends with a period' });
  const length = [...local].length;
  if (length > policy.usernameMaxLength) {
    problems.push({ rule: 'R36', message: `has ${length} characters, more than ${policy.usernameMaxLength}` });
  }
  return [...problems, ...checkAscii(username, policy)];
}

/** R8, for first and last names. */
export function checkName(name: string, policy: ValidationPolicy): readonly Problem[] {
  return checkAscii(name, policy);
}

function checkAscii(text: string, policy: ValidationPolicy): readonly Problem[] {
  if (!policy.asciiOnly || /^[\x20-\x7e]*$/u.test(text)) return [];
  return [{ rule: 'R8', message: 'has characters outside printable ASCII' }];
}

/** R43: one `@`, no blanks, something on both sides. What is beyond that only the mail server knows. */
export function checkEmail(email: string): readonly Problem[] {
  if (/^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*$/u.test(email) && email.length <= 254) return [];
  return [{ rule: 'R43', message: 'is not an e-mail address' }];
}

/** R40: digits with `+ - ( ) space . /`, international or not, at most so many digits. */
export function checkPhone(phone: string, policy: ValidationPolicy): readonly Problem[] {
  if (!/^[0-9+\-() ./]+$/u.test(phone)) return [{ rule: 'R40', message: 'has characters that no phone number has' }];
  const digits = phone.replace(/\D/gu, '').length;
  if (digits === 0) return [{ rule: 'R40', message: 'has no digit' }];
  if (digits <= policy.phoneMaxDigits) return [];
  return [{ rule: 'R40', message: `has ${digits} digits, more than ${policy.phoneMaxDigits}` }];
}

/** Checks one field; fields without a rule are always fine. */
export function checkField(field: FieldName, value: string, policy: ValidationPolicy): readonly Problem[] {
  switch (field) {
    case 'username':
      return checkUsername(value, policy);
    case 'firstName':
    case 'lastName':
      return checkName(value, policy);
    case 'email':
      return checkEmail(value);
    case 'phone':
    case 'mobile':
      return checkPhone(value, policy);
    default:
      return [];
  }
}

const findingOf: Readonly<Partial<Record<FieldName, FindingCode>>> = {
  username: 'username-invalid',
  firstName: 'name-invalid',
  lastName: 'name-invalid',
  email: 'email-invalid',
  phone: 'phone-invalid',
  mobile: 'phone-invalid',
};

/** Findings on the values that sources gave; a local value was checked when it was set, and is not a source's to mend. */
export function validateValues(
  values: User['values'],
  policy: ValidationPolicy,
  of: { readonly subject: string; readonly label: string },
): readonly Finding[] {
  const byCode = new Map<FindingCode, { readonly owner: OwnedValue['owner']; readonly problems: string[] }>();
  for (const [field, code] of Object.entries(findingOf) as [FieldName, FindingCode][]) {
    const value = values[field];
    if (value === undefined || value.owner === 'local') continue;
    for (const problem of checkField(field, value.value, policy)) {
      const entry = byCode.get(code) ?? { owner: value.owner, problems: [] };
      entry.problems.push(`${field} ${problem.message} (${problem.rule})`);
      byCode.set(code, entry);
    }
  }
  return [...byCode].map(([code, { owner, problems }]) => ({
    code,
    ...(owner !== 'local' && { source: owner }),
    ...of,
    detail: { problems },
  }));
}
