// Reasons are kept in the audit log and shown beside what they explain.

import { RosterdError } from '../model/errors.ts';

const longest = 500;

/** One line of 1 to 500 characters for the person who finds it in a year. */
export function requireReason(reason: string): string {
  const line = reason.normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (line === '')
    throw new RosterdError('value-invalid', 'The reason is empty. Say why, for the person who finds this in a year.');
  if (line.length > longest)
    throw new RosterdError('value-invalid', `The reason has ${line.length} characters; ${longest} are the most.`);
  return line;
}
