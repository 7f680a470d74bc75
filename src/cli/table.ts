// Rows for people: a table that fits the width of a terminal, plain aligned columns without lines or colours elsewhere
// (so that grep and awk work on it). Nothing is ever cut where the output is no terminal.

import Table from 'cli-table3';
import type { Terminal } from './terminal.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be cut when the terminal is too narrow. */
  readonly mayShrink?: boolean;
}

const narrowest = 8;
const gap = 2;

/** Width on the screen, as far as tables need it: wide East Asian letters take two cells, combining marks none. */
function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}/u.test(
      segment,
    )
      ? 2
      : 1;
  }
  return width;
}

/** What a source wrote must not steer the terminal: control characters are shown, not sent. */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu,
    (found) => `\\x${(found.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );

export function printTable<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[index] ?? ''))),
  );
  if (terminal.isTable) printFitted(terminal, columns, cells, narrowTo(columns, widths, terminal.columns));
  else printAligned(terminal, columns, cells, widths);
}

/** Takes width away from the widest column that may shrink until the row fits, or nothing more can be taken. */
function narrowTo<Row>(columns: readonly Column<Row>[], wanted: readonly number[], available: number): number[] {
  const widths = [...wanted];
  const total = (): number => widths.reduce((sum, width) => sum + width + gap, 0);
  for (let excess = total() - available; excess > 0; excess -= 1) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (columns[index]?.mayShrink && width > narrowest && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

function printFitted<Row>(
  terminal: Terminal,
  columns: readonly Column<Row>[],
  cells: readonly string[][],
  widths: readonly number[],
): void {
  const table = new Table({
    head: columns.map((column) => terminal.style('bold', column.title)),
    chars: noLines,
    colWidths: widths.map((width) => width + gap),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  table.push(...cells);
  terminal.line(trimLines(table.toString()));
}

function printAligned<Row>(
  terminal: Terminal,
  columns: readonly Column<Row>[],
  cells: readonly string[][],
  widths: readonly number[],
): void {
  for (const row of [columns.map((column) => column.title), ...cells]) {
    const padded = row.map((cell, index) => {
      const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
      return columns[index]?.align === 'right' ? space + cell : cell + space;
    });
    terminal.line(padded.join(' '.repeat(gap)).trimEnd());
  }
}

const trimLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');

/** Name and value lines, names padded to one width: for `show` and `explain`. */
export function printFacts(terminal: Terminal, facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  for (const [name, value] of facts) terminal.line(`${name.padEnd(width + gap)}${printable(value)}`.trimEnd());
}
