// When two spellings of a person's name count as the same one: case, accents and blanks say nothing about who it is.

// Letters that Unicode does not take apart into a base letter and an accent.
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  þ: 'th',
};

/** Without case, accents and blanks. */
export function foldName(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}\s]+/gu, '')
    .replace(/[ßæœøłđðħıþ]/gu, (letter) => plainLetters[letter] ?? letter);
}

export const isSameName = (left: string, right: string): boolean =>
  left === right || foldName(left) === foldName(right);
