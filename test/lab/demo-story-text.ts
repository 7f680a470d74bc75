// Text for an 80-column terminal.

const textWidth = 78;

/** Breaks a paragraph between words. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > textWidth) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

/** The first and the last lines of an output, with the number of those between; `width` cuts single lines. */
export function cutLines(output: string, [first, last]: readonly [number, number], width: number | undefined): string {
  const lines = output.split('\n');
  const start = lines.findIndex((line, at) => at >= lines.length - last && line !== '');
  const tail = start < 0 ? [] : lines.slice(start);
  const between = lines.length - first - tail.length;
  // Two lines take no more room than the line that would say they were cut.
  const shown = between <= 2 ? lines : [...lines.slice(0, first), `[${between} more lines]`, ...tail];
  return shown.map((line) => `  ${cutLine(line, width)}`.trimEnd()).join('\n');
}

function cutLine(line: string, width: number | undefined): string {
  if (width === undefined || line.length <= width - 2) return line;
  return `${line.slice(0, Math.max(20, width - 6))} ...`;
}
