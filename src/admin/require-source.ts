// A source by the name that a person gave.

import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import { nearestName } from './find.ts';

/** Exactly as configured; a slip of the fingers is answered with the nearest name. */
export function requireSource(known: readonly SourceName[], name: string): SourceName {
  const found = known.find((source) => source === name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, known);
  const list = known.length === 0 ? 'none is configured' : `configured: ${known.join(', ')}`;
  throw new RosterdError(
    'source-unknown',
    `No source "${name}" (${list}).${nearest === undefined ? '' : ` Did you mean "${nearest}"?`}`,
    {
      subject: name,
      ...(nearest === undefined ? {} : { detail: { nearest } }),
    },
  );
}
