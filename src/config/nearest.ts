// "Did you mean": the known word that is nearest to what was written.

/** Longer words are not compared: the distance is quadratic in the length, and nobody mistypes a known key into a paragraph. */
const maxLength = 64;

/** Damerau-Levenshtein distance (optimal string alignment), letters of either case being equal. */
export function editDistance(left: string, right: string): number {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The nearest of `known`, unless even that is more than a third of the word away. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > maxLength) return undefined;
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  const limit = Math.max(1, Math.ceil(word.length / 3));
  return best !== undefined && best.distance <= limit ? best.word : undefined;
}

/** `; did you mean "grace"?`, or the words to choose from when none is near and they are few, or nothing. */
export function suggest(word: string, known: readonly string[]): string {
  const best = nearest(word, known);
  if (best !== undefined) return `; did you mean "${best}"?`;
  return known.length > 0 && known.length <= 24 ? `; known: ${known.join(', ')}` : '';
}
