// Why a message did not arrive, as an error whose text may be stored, logged and shown.
// Invariant: no secret of the target is in it, not even where a server echoes what it was sent, and it is one line.

import { readFile } from 'node:fs/promises';
import { RosterdError } from '../../model/errors.ts';
import { redactText } from '../redact.ts';

/** Long answers of servers end up in a table. */
const longest = 400;

/** One line, whatever a name or a server put into it: a line break could forge a header or a line of the log. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/gu, ' ')
    .trim();

export interface DeliveryFailure {
  /** `refused`: somebody has to mend something first, so it is tried again rarely. `undeliverable`: never. */
  readonly fate: 'unsent' | 'refused' | 'undeliverable';
  readonly target: string;
  readonly because: string;
  readonly secrets?: readonly string[];
}

export function deliveryError({ fate, target, because, secrets = [] }: DeliveryFailure): RosterdError {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')]);
  const clean = forms.reduce((text, form) => text.replaceAll(form, '[redacted]'), because);
  const text = oneLine(redactText(clean)).slice(0, longest);
  return new RosterdError(`notice-${fate}`, text, { subject: target });
}

/** Read for every message, so that a renewed authority needs no restart. */
export async function readAuthority(target: string, caFile: string | undefined): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return await readFile(caFile, 'utf8');
  } catch (error) {
    throw deliveryError({
      fate: 'unsent',
      target,
      because: `the CA file ${caFile} cannot be read: ${messageOf(error)}`,
    });
  }
}

export const messageOf = (error: unknown): string => {
  // With several addresses for one name the message is empty and the reasons are inside.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};
