// Whether two ways of writing first and last names may mean the same person.
// Invariant: what the key holds by which two accounts match (`jsmith`) is no evidence that they are one person: everybody who
// could have that key has it. What nobody can tell (no name, nothing in a common script) is `unknown` and keeps nobody from
// being linked.

import type { MirrorAccount, SourceAccount } from '../model/account.ts';
import type { UserInput } from '../model/decision.ts';
import type { SourceMapping } from '../model/policy.ts';
import { mapField } from './map.ts';
import { type Alphabets, type MatchedKey, matchedKey, type NamePiece, partsOf } from './name-pieces.ts';
import type { CompiledWorld } from './world.ts';

/** First and last name as one source, or a person, wrote them. A name that is empty or was never read is left out. */
export interface PersonName {
  readonly first?: string;
  readonly last?: string;
}

export type NameVerdict = 'same' | 'other' | 'unknown';

/** Of the pairs, one that agrees decides; then one that does not. `key`: by what the two match, without its domain. */
export function judgeNames(left: readonly PersonName[], right: readonly PersonName[], key = ''): NameVerdict {
  const matched = matchedKey(key);
  const verdicts = new Set(
    left.flatMap((one) => right.map((other) => judgePair(partsOf(one), partsOf(other), matched))),
  );
  if (verdicts.has('same')) return 'same';
  return verdicts.has('other') ? 'other' : 'unknown';
}

/** Both have a first and a last name, and no word of one is missing in the other. */
export const areWholeNames = (left: readonly PersonName[], right: readonly PersonName[]): boolean =>
  left.some((one) =>
    right.some((other) => isWhole(one) && isWhole(other) && hasSameWords(partsOf(one), partsOf(other))),
  );

/** `Jane Cooper`; empty without a name. */
export const nameText = ({ first, last }: PersonName): string =>
  [first, last].filter((part) => part !== undefined).join(' ');

export function nameOfAccount(
  account: Pick<SourceAccount, 'attributes' | 'unread'>,
  mapping: SourceMapping,
): PersonName {
  const first = mapField(account, mapping, 'firstName');
  const last = mapField(account, mapping, 'lastName');
  return {
    ...(first?.kind === 'present' && { first: first.value }),
    ...(last?.kind === 'present' && { last: last.value }),
  };
}

/**
 * The names that the user's accounts give it, but for those of which a person has still to say whose they are; its own where
 * there are none, also those that a source wrote which is not configured any more.
 */
export function namesOfUser(world: CompiledWorld, { user, accounts }: UserInput): readonly PersonName[] {
  const ofAccounts = accounts
    .filter(({ quarantine }) => quarantine === undefined)
    .map((account) => nameIn(world, account))
    .filter((name) => nameText(name) !== '');
  if (ofAccounts.length > 0) return ofAccounts;
  const [first, last] = [user.values.firstName?.value, user.values.lastName?.value];
  return [{ ...(first !== undefined && { first }), ...(last !== undefined && { last }) }];
}

function nameIn(world: CompiledWorld, account: MirrorAccount): PersonName {
  const source = world.index.sources.get(account.source);
  return source === undefined ? {} : nameOfAccount(account, source.policy.mapping);
}

// --- comparing --------------------------------------------------------------------

const isWhole = ({ first = '', last = '' }: PersonName): boolean => first.trim() !== '' && last.trim() !== '';

function hasSameWords(left: Alphabets, right: Alphabets): boolean {
  return (
    left.size === right.size &&
    [...left].every(([alphabet, own]) => {
      const theirs = right.get(alphabet) ?? [];
      return restOf(own, theirs).length === 0 && restOf(theirs, own).length === 0;
    })
  );
}

/** Whoever writes a first name in one script and a family name in another is compared by what both sides have. */
function judgePair(left: Alphabets, right: Alphabets, key: MatchedKey): NameVerdict {
  const verdicts = [...left].map(([alphabet, own]): NameVerdict => {
    const theirs = right.get(alphabet);
    if (theirs === undefined) return 'unknown';
    const isEvidence = evidenceFor(own, theirs, key);
    // Signs are no letters: what differs may be another way to write the same.
    if (alphabet === 'other') return commonOf(own, theirs).some(isEvidence) ? 'same' : 'unknown';
    return judgePieces(own, theirs, isEvidence);
  });
  if (verdicts.includes('same')) return 'same';
  return verdicts.includes('other') ? 'other' : 'unknown';
}

type IsEvidence = (piece: NamePiece) => boolean;

/**
 *   nothing is left of one side: the other one only says more                        | same
 *   of the words that both have, one is evidence                                     | same
 *   of the first names, one is short for another one, and both are evidence          | same
 *   (a first name not where each side has another one too: Jean-Luc and Jean-Louis)  |
 *   otherwise                                                                        | other
 */
function judgePieces(left: readonly NamePiece[], right: readonly NamePiece[], isEvidence: IsEvidence): NameVerdict {
  const { mine, theirs, shortened } = leftOver(left, right);
  if (mine.length === 0 || theirs.length === 0) return 'same';
  const isFirst = ({ field }: NamePiece): boolean => field === 'first';
  // Of a name that is written into one field nobody knows which word is the first name.
  const areSplit = [left, right].every((pieces) => pieces.some(({ field }) => field === 'last'));
  const haveOthers = areSplit && mine.some(isFirst) && theirs.some(isFirst);
  const tells = (piece: NamePiece): boolean => isEvidence(piece) && !(haveOthers && isFirst(piece));
  const isSame = commonOf(left, right).some(tells) || shortened.some((pair) => pair.every(tells));
  return isSame ? 'same' : 'other';
}

interface LeftOver {
  readonly mine: readonly NamePiece[];
  readonly theirs: readonly NamePiece[];
  /** First names of which one is long enough to tell what it is short for. */
  readonly shortened: readonly (readonly [NamePiece, NamePiece])[];
}

/** What is left of both when equal words, short forms and initials have found each other. */
function leftOver(left: readonly NamePiece[], right: readonly NamePiece[]): LeftOver {
  const mine = [...restOf(left, right)];
  const theirs = [...restOf(right, left)];
  const shortened: (readonly [NamePiece, NamePiece])[] = [];
  for (const fits of [isShortPair, isInitialPair]) {
    for (const one of [...mine]) {
      const other = theirs.find((each) => fits(one, each) || fits(each, one));
      if (other === undefined) continue;
      mine.splice(mine.indexOf(one), 1);
      theirs.splice(theirs.indexOf(other), 1);
      const isLong = fits === isShortPair && Math.min(one.text.length, other.text.length) > 2;
      if (isLong && one.field === 'first') shortened.push([one, other]);
    }
  }
  return { mine, theirs, shortened };
}

function commonOf(left: readonly NamePiece[], right: readonly NamePiece[]): readonly NamePiece[] {
  const theirs = new Set(right.map(({ text }) => text));
  return left.filter(({ text }) => theirs.has(text));
}

/** The single words that the other side does not have, neither alone nor as a part of a compound. */
function restOf(own: readonly NamePiece[], others: readonly NamePiece[]): readonly NamePiece[] {
  const found = new Set(commonOf(own, others).flatMap((piece) => [piece.text, ...piece.of]));
  return own.filter(({ text, of, isSilent }) => of.length === 1 && !isSilent && !found.has(text));
}

/**
 * Not evidence: initials, particles, and what the key holds; of a last name nothing, when the key holds a part of it. A key that
 * holds both names of one side (`mira.horvat`) was made for that person, so there the first name tells whether the other one is
 * her under another last name.
 */
function evidenceFor(left: readonly NamePiece[], right: readonly NamePiece[], key: MatchedKey): IsEvidence {
  const held = [...commonOf(left, right), ...commonOf(right, left)].filter(key.holds);
  const heldTexts = new Set(held.map(({ text }) => text));
  const holdsLast = held.some(({ field }) => field === 'last');
  const isMadeForOne = key.namesWhole(left) || key.namesWhole(right);
  return (piece) => {
    if (!piece.tells || (holdsLast && piece.field === 'last')) return false;
    return (isMadeForOne && piece.field === 'first') || !(heldTexts.has(piece.text) || key.holds(piece));
  };
}

/** `rob` for `robert`, `al` for `alan`. Jan and Jana, Paul and Paula are two people. */
const isShortPair = (short: NamePiece, long: NamePiece): boolean =>
  short.field === long.field &&
  short.text.length >= (short.field === 'first' ? 2 : 3) &&
  long.text.startsWith(short.text) &&
  long.text !== `${short.text}a`;

const isInitialPair = (initial: NamePiece, word: NamePiece): boolean =>
  initial.text.length === 1 && word.text.startsWith(initial.text);
