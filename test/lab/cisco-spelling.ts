// How one person is written in one system and not in the other: what people who type names into Cisco consoles do to them.
// The spelling depends on nothing but the person's place among the people and the system.
import type { Person } from './people.ts';

export type Spelling =
  | 'as-in-directory'
  /** Müller: Mueller. */
  | 'umlauts-written-out'
  /** Müller: Muller, Łęcki: Lecki. */
  | 'ascii'
  | 'without-first-name'
  | 'nickname'
  /** Another family name: married since, or not known here. */
  | 'maiden-name'
  /** The family name in the field of the first name, and the reverse. */
  | 'swapped';
export type CiscoSystem = 'uccx' | 'ucce';
export interface SpeltName {
  readonly firstName: string;
  readonly lastName: string;
}

const oddSpellings: Readonly<Record<number, Spelling>> = {
  3: 'umlauts-written-out',
  6: 'ascii',
  9: 'umlauts-written-out',
  11: 'without-first-name',
  14: 'nickname',
  17: 'maiden-name',
  20: 'swapped',
  22: 'ascii',
};
/** Short and long forms, which are one name; the others are known to whoever is called so, and such a person waits. */
const nicknames: Readonly<Record<string, string>> = {
  Anna: 'Annabel',
  Łukasz: 'Luki',
  Renée: 'Nena',
  François: 'Fran',
  Jürgen: 'Jogi',
  'Jean-Luc': 'JL',
  'Mary Ann': 'Mary',
  Grace: 'Gracie',
  Hugo: 'Hugh',
  Paul: 'Paulie',
  Tom: 'Thomas',
};
const maidenNames = ['Sommer', 'Rossi', 'Lindgren', 'Silva'] as const;
const germanLetters: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
};
const plainLetters: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  Ø: 'O',
  ß: 'ss',
  ı: 'i',
  Þ: 'Th',
  þ: 'th',
};

/** The two systems were filled by different people, so the same person is odd in one and right in the other. */
export function spellingOn(system: CiscoSystem, { index }: Person): Spelling {
  return oddSpellings[(index + (system === 'uccx' ? 0 : 13)) % 29] ?? 'as-in-directory';
}

export function spell({ givenName, familyName, index }: Person, spelling: Spelling): SpeltName {
  const name = { firstName: givenName, lastName: familyName };
  switch (spelling) {
    case 'as-in-directory':
      return name;
    case 'umlauts-written-out':
      return { firstName: writtenOut(givenName), lastName: writtenOut(familyName) };
    case 'ascii':
      return { firstName: ascii(givenName), lastName: ascii(familyName) };
    case 'without-first-name':
      return { ...name, firstName: '' };
    case 'nickname':
      return { ...name, firstName: nicknames[givenName] ?? `${givenName.slice(0, 1)}.` };
    case 'maiden-name':
      return { ...name, lastName: maidenNames[index % maidenNames.length] ?? maidenNames[0] };
    case 'swapped':
      return { firstName: familyName, lastName: givenName };
    default:
      return spelling satisfies never;
  }
}

const writtenOut = (name: string): string =>
  name.normalize('NFC').replace(/[äöüßÄÖÜ]/gu, (letter) => germanLetters[letter] ?? letter);

/** Letters of other scripts have no ASCII, so a name in one stays as it is. */
function ascii(name: string): string {
  const plain = name
    .normalize('NFD')
    .replace(/[łŁøØßıÞþ]/gu, (letter) => plainLetters[letter] ?? letter)
    .replace(/\p{M}/gu, '');
  return /^[ -~]+$/.test(plain) ? plain : name;
}

/** Every second letter in upper case. */
export const mixedCase = (login: string): string =>
  [...login].map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter)).join('');
