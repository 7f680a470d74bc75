// Whether two ways of writing first and last names may mean the same person.
// Invariant: `other` is only said where both sides have parts in one alphabet and no part of them is the same; everything that
// nobody can tell (no name, nothing in a common script) is `unknown` and keeps nobody from being linked.

import type { MirrorAccount, SourceAccount } from '../model/account.ts';
import type { UserInput } from '../model/decision.ts';
import type { SourceMapping } from '../model/policy.ts';
import { mapField } from './map.ts';
import type { CompiledWorld } from './world.ts';

/** First and last name as one source, or a person, wrote them. A name that is empty or was never read is left out. */
export interface PersonName {
  readonly first?: string;
  readonly last?: string;
}

export type NameVerdict = 'same' | 'other' | 'unknown';

/** Of the pairs, one that agrees decides; then one that does not. */
export function judgeNames(left: readonly PersonName[], right: readonly PersonName[]): NameVerdict {
  const verdicts = new Set(left.flatMap((one) => right.map((other) => judgePair(partsOf(one), partsOf(other)))));
  if (verdicts.has('same')) return 'same';
  return verdicts.has('other') ? 'other' : 'unknown';
}

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

/** The names that the user's accounts give it; those that a person wrote where no account has any. */
export function namesOfUser(world: CompiledWorld, { user, accounts }: UserInput): readonly PersonName[] {
  const ofAccounts = accounts.map((account) => nameIn(world, account)).filter((name) => nameText(name) !== '');
  if (ofAccounts.length > 0) return ofAccounts;
  const local = (field: 'firstName' | 'lastName'): string | undefined => {
    const value = user.values[field];
    return value?.owner === 'local' ? value.value : undefined;
  };
  const [first, last] = [local('firstName'), local('lastName')];
  return [{ ...(first !== undefined && { first }), ...(last !== undefined && { last }) }];
}

function nameIn(world: CompiledWorld, account: MirrorAccount): PersonName {
  const source = world.index.sources.get(account.source);
  return source === undefined ? {} : nameOfAccount(account, source.policy.mapping);
}

// --- comparing --------------------------------------------------------------------

/** The parts in one alphabet. */
interface NameParts {
  /** Parts of two letters and more. */
  readonly words: readonly string[];
  readonly initials: readonly string[];
}

/** Alphabet -> its parts. Under `other`: scripts without an order of letters that could be compared, and parts in several. */
type NamesByAlphabet = ReadonlyMap<string, NameParts>;

const alphabets = ['Latin', 'Cyrillic', 'Greek'].map(
  (name) => [name, new RegExp(`^\\p{Script=${name}}+$`, 'u')] as const,
);

/** What decomposition leaves as a letter of its own. */
const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
  ħ: 'h',
};

/** Stand beside a name in many families, so that they tell nobody apart. */
const particles = new Set(
  'von van vom zu zur der den de het ter ten da di do du das dos del della la le el al bin ibn abu dr mr mrs ms jr sr ing mgr prof'.split(
    ' ',
  ),
);

/** Without case, accents and ligatures; `ä` written as `ae` is `a` on both sides. */
function foldName(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[ßøłđðþıæœħ]/gu, (letter) => letters[letter] ?? letter)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/([aou])e|aa/gu, (_, vowel: string | undefined) => vowel ?? 'a');
}

function partsOf(name: PersonName): NamesByAlphabet {
  const pieces = new Set<string>();
  for (const field of [name.first, name.last]) {
    const words = foldName(field ?? '')
      .split(/\s+/u)
      .map((word) => word.split(/[^\p{L}]+/u).filter((one) => one !== ''));
    // A compound is also compared in one piece: O'Brien and OBrien, Jean-Luc and Jeanluc, De La Cruz and Delacruz.
    for (const compound of [...words, words.flat()]) {
      for (const piece of compound) pieces.add(piece);
      if (compound.some((piece) => piece.length > 1)) pieces.add(compound.join(''));
    }
  }
  const telling = [...pieces].filter((piece) => !particles.has(piece));
  const all = telling.length > 0 ? telling : [...pieces];
  const ofAlphabet = Map.groupBy(all, (piece) => alphabets.find(([, isOf]) => isOf.test(piece))?.[0] ?? 'other');
  return new Map(
    [...ofAlphabet].map(([alphabet, own]) => [
      alphabet,
      { words: own.filter((piece) => piece.length > 1), initials: own.filter((piece) => piece.length === 1) },
    ]),
  );
}

/** Whoever writes a first name in one script and a family name in another is compared by what both sides have. */
function judgePair(left: NamesByAlphabet, right: NamesByAlphabet): NameVerdict {
  const verdicts = [...left].map(([alphabet, own]): NameVerdict => {
    const others = right.get(alphabet);
    if (others === undefined) return 'unknown';
    return alphabet === 'other' ? judgeSigns(own, others) : judgeParts(own, others);
  });
  if (verdicts.includes('same')) return 'same';
  return verdicts.includes('other') ? 'other' : 'unknown';
}

function judgeSigns(left: NameParts, right: NameParts): NameVerdict {
  const theirs = new Set([...right.words, ...right.initials]);
  return [...left.words, ...left.initials].some((sign) => theirs.has(sign)) ? 'same' : 'unknown';
}

function judgeParts(left: NameParts, right: NameParts): NameVerdict {
  if (left.words.some((one) => right.words.some((other) => isShort(one, other) || isShort(other, one)))) return 'same';
  return areInitials(left, right) || areInitials(right, left) ? 'same' : 'other';
}

/** `jan` for `jana`; two letters are too few to begin a name by. */
const isShort = (short: string, long: string): boolean =>
  short === long || (short.length >= 3 && long.startsWith(short));

/** Only of a side that has nothing longer: whoever has the same login often has the same initial, so beside whole names it says nothing. */
function areInitials(left: NameParts, right: NameParts): boolean {
  const firsts = new Set([...right.words, ...right.initials].map((piece) => piece[0]));
  return left.words.length === 0 && left.initials.every((initial) => firsts.has(initial));
}
