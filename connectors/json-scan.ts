// How much a JSON text holds, before it is parsed.
// Invariant: what passes here fits into memory as objects, however small the text is that they come from.

/** A million objects take half a gigabyte and some seconds (measured), and compressed they are a few kilobytes. */
export const maxJsonValues = 1_000_000;

const opening = new Set(['{', '[', ','].map((character) => character.charCodeAt(0)));

/** Each value begins its object or array, or follows a comma; those within texts are counted too. */
export function hasTooManyValues(text: string, max: number = maxJsonValues): boolean {
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (!opening.has(text.charCodeAt(at))) continue;
    values += 1;
    if (values > max) return true;
  }
  return false;
}

/** By the first character. */
export const isJson = (text: string): boolean => /^\s*[[{]/u.test(text);
