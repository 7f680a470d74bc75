// CSV for spreadsheets (RFC 4180). Invariant: no cell is run as a formula, whatever a source or a person wrote into it.

/**
 * One cell. A text that starts with = + - @ (full-width ones too), tab, CR or LF is taken for a formula by spreadsheets, whatever its quotes;
 * a leading apostrophe makes it text (OWASP, CSV injection). RFC 4180, 2: quotes double, quoted where needed.
 */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\t\r\n]/u.test(value) ? `'${value}` : value;
  return text !== value || /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** With its line end. */
export const csvLine = (cells: readonly (string | number | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`;
