// Whether a person may set a field to this value: the rules that bind sources too, and what no edit may do.
// Findings about values of sources are src/reconcile's; here a fault stops the edit.

import type { ValidationPolicy } from '../model/policy.ts';
import type { FieldName } from '../model/user.ts';
import { checkField } from '../reconcile/validate.ts';

const longest = 256;

/** What is wrong, as the end of a sentence that begins with the field; undefined when nothing is. Empty is fine but for the username. */
export function faultOf(field: FieldName, value: string, rules: ValidationPolicy): string | undefined {
  if (/\p{Cc}/u.test(value)) return 'has a control character in it';
  if (value.length > longest) return `has ${value.length} characters; ${longest} are the most`;
  if (value === '') return field === 'username' ? 'is empty' : undefined;
  if (field === 'username' && (/\s/u.test(value) || value.startsWith('@')))
    return 'may not begin with @ or have a blank in it';
  const problems = checkField(field, value, rules);
  return problems.length === 0
    ? undefined
    : problems.map((problem) => `${problem.message} (${problem.rule})`).join(', ');
}
