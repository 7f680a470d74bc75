// The words of a name as they are compared, and what of them is in the key by which two accounts match.
// Invariant: two ways to spell one name (case, accents, `ae` for `ä`, blanks and hyphens) have a piece in common.

/** The words of one alphabet. Under `other`: scripts without an order of letters that could be compared, and words in several. */
export type Alphabets = ReadonlyMap<string, readonly NamePiece[]>;

export interface NamePiece {
  readonly text: string;
  readonly field: 'first' | 'last';
  /** Its words: itself, or those of a compound, which is also compared in one piece (O'Brien and OBrien, De La Cruz and Delacruz). */
  readonly of: readonly string[];
  /** A whole word that is not a particle: to have it in common says something. */
  readonly tells: boolean;
  /** A particle beside other words: to lack it says nothing. */
  readonly isSilent: boolean;
}

const alphabets = ['Latin', 'Cyrillic', 'Greek'].map(
  (name) => [name, new RegExp(`^\\p{Script=${name}}+$`, 'u')] as const,
);

const alphabetOf = (text: string): string => alphabets.find(([, isOf]) => isOf.test(text))?.[0] ?? 'other';

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

/** Stand in or beside a name in many families, so that they tell nobody apart. */
const particles = new Set(
  `von van vom zu zur der den de het ter ten da di do du das dos del della la le el al bin binti bint bte ibn ben bar abu abd abdul
  abdel abdal mac mc san santa santo st saint sint thi fitz dr mr mrs ms jr sr ing mgr prof`.split(/\s+/u),
);

/** Without case, accents and ligatures. */
const plainLetters = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[ßøłđðþıæœħ]/gu, (letter) => letters[letter] ?? letter)
    .normalize('NFD')
    .replace(/\p{M}/gu, '');

/** `ä` written as `ae` is `a` on both sides. */
const withoutUmlauts = (text: string): string =>
  text.replace(/([aou])e|aa/gu, (_, vowel: string | undefined) => vowel ?? 'a');

export function partsOf(name: { readonly first?: string; readonly last?: string }): Alphabets {
  const pieces = [...piecesOf('first', name.first ?? ''), ...piecesOf('last', name.last ?? '')];
  return Map.groupBy(pieces, ({ text }) => alphabetOf(text));
}

function piecesOf(field: NamePiece['field'], name: string): readonly NamePiece[] {
  const words = withoutUmlauts(plainLetters(name))
    .split(/\s+/u)
    .map((word) => word.split(/[^\p{L}]+/u).filter((one) => one !== ''));
  const single = words.flat();
  const isOnlyParticles = single.every((word) => particles.has(word));
  const compounds = [...words, single].filter((some) => some.length > 1 && some.some((word) => word.length > 1));
  return [
    ...single.map((text) => ({
      text,
      field,
      of: [text],
      // A sign is a whole word.
      tells: (text.length > 1 || alphabetOf(text) === 'other') && !particles.has(text),
      isSilent: particles.has(text) && !isOnlyParticles,
    })),
    ...compounds.map((of) => ({ text: of.join(''), field, of, tells: true, isSilent: false })),
  ];
}

/** A login, the local part of an address, a number. */
export interface MatchedKey {
  /** The piece, or a word of it. */
  readonly holds: (piece: NamePiece) => boolean;
  /** A first and a last name, beside each other: `mira.horvat`, `horvatm` does not. */
  readonly namesWhole: (pieces: readonly NamePiece[]) => boolean;
}

export function matchedKey(text: string): MatchedKey {
  const plain = plainLetters(text).replace(/[^\p{L}]+/gu, ' ');
  // A name may also be cut (`jchristo`, `smijoh`), and a compound be written in one word.
  const forms = [plain, withoutUmlauts(plain)].flatMap((form) => [form, form.replaceAll(' ', '')]);
  const scripts = new Set([...plain.replaceAll(' ', '')].map(alphabetOf));
  const holds = ({ text, of, field }: NamePiece): boolean => {
    // Nobody knows how a name is written in other letters; most logins are made of the last one.
    if (scripts.size > 0 && !scripts.has(alphabetOf(text))) return field === 'last';
    return [text, ...of].some((word) => forms.some((form) => heldLength(form, word) > 0));
  };
  return {
    holds,
    namesWhole: (pieces) =>
      forms.some((form) =>
        pieces.some(
          (last) =>
            last.field === 'last' &&
            pieces.some((first) => first.field === 'first' && first.tells && isBeside(form, first.text, last.text)),
        ),
      ),
  };
}

/** How many letters of the word the key has: all, or at least three from its beginning where that is the key's begin or end; 0: none. */
function heldLength(key: string, word: string): number {
  if (word.length > 1 && key.includes(word)) return word.length;
  for (let length = word.length - 1; length >= 3; length -= 1) {
    const start = word.slice(0, length);
    if (length > 3 ? key.includes(start) : key.startsWith(start) || key.endsWith(start)) return length;
  }
  return 0;
}

function isBeside(key: string, first: string, last: string): boolean {
  const length = heldLength(key, last);
  return length > 0 && heldLength(key.replace(last.slice(0, length), ' ').trim(), first) > 0;
}
