// Glob-like name patterns of the policy (`*`), case-folded on both sides.
// Invariant: a compiled pattern has no state, so one matcher serves every name of a plan.

import { foldKey } from '../model/keys.ts';

/** True when one of the patterns takes the name. No pattern takes nothing. */
export type NameMatcher = (name: string) => boolean;

export function compilePatterns(patterns: readonly string[]): NameMatcher {
  const exact = new Set<string>();
  const globs: (readonly string[])[] = [];
  for (const pattern of patterns) {
    const pieces = foldKey(pattern).split('*');
    if (pieces.length === 1) exact.add(pieces[0] ?? '');
    else globs.push(pieces);
  }
  return (name) => {
    const folded = foldKey(name);
    return exact.has(folded) || globs.some((pieces) => takes(pieces, folded));
  };
}

/** Looks for the pieces between the stars one after the other: no regular expression, so no pattern can take forever. */
function takes(pieces: readonly string[], name: string): boolean {
  const [head = '', ...rest] = pieces;
  const tail = rest.pop() ?? '';
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}
