// Glob-like name patterns of the policy (`*`), case-folded on both sides.
// Invariant: a compiled pattern has no state, so one matcher serves every name of a plan.

import { foldKey } from '../model/keys.ts';

/** True when one of the patterns takes the name. No pattern takes nothing. */
export type NameMatcher = (name: string) => boolean;

export function compilePatterns(patterns: readonly string[]): NameMatcher {
  const exact = new Set<string>();
  const globs: RegExp[] = [];
  for (const pattern of patterns) {
    const folded = foldKey(pattern);
    if (!folded.includes('*')) exact.add(folded);
    // Runs of stars are one star: `**` must not make the expression backtrack.
    else globs.push(new RegExp(`^${folded.split(/\*+/u).map(escapeRegExp).join('.*')}$`, 'su'));
  }
  return (name) => {
    const folded = foldKey(name);
    return exact.has(folded) || globs.some((glob) => glob.test(folded));
  };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&');
}
