// A strict reader of the Prometheus text format 0.0.4: what it takes, every scraper takes. It throws at the first fault.

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** Label set as written, `{}` sorted by name, to value. Of histograms with the suffix: `bucket{le="1"}`. */
  readonly series: ReadonlyMap<string, number>;
}

const number = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|[+-]Inf|NaN)$/iu;
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

function parseLabels(text: string, line: string): string {
  const labels: string[] = [];
  const one = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/uy;
  while (one.lastIndex < text.length) {
    const found = one.exec(text);
    if (found === null) throw new Error(`labels: ${line}`);
    if (found[1]?.startsWith('__')) throw new Error(`reserved label: ${line}`);
    labels.push(`${found[1]}="${found[2]}"`);
  }
  const names = labels.map((label) => label.slice(0, label.indexOf('=')));
  if (new Set(names).size !== names.length) throw new Error(`label twice: ${line}`);
  return labels.sort().join(',');
}

function parseSample(line: string, family: Family): readonly [string, number] {
  const found = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/u.exec(line);
  const [, name = '', labels = '', value = ''] = found ?? [];
  if (found === null || !number.test(value)) throw new Error(`no sample: ${line}`);
  const suffix = name.startsWith(family.name) ? name.slice(family.name.length) : undefined;
  if (suffix === undefined || !suffixes[family.type]?.includes(suffix))
    throw new Error(`not of ${family.name}: ${line}`);
  const read = parseLabels(labels, line);
  return [`${suffix.replace('_', '')}${read === '' ? '' : `{${read}}`}`, Number(value.replace('Inf', 'Infinity'))];
}

/** Families by name. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family & { readonly series: Map<string, number> }>();
  let help: readonly [string, string] | undefined;
  let family: (Family & { readonly series: Map<string, number> }) | undefined;
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/u.exec(line) ?? [];
    if (line === '') continue;
    if (word === 'HELP') help = [name, rest];
    else if (word === 'TYPE') {
      if (help?.[0] !== name || families.has(name) || suffixes[rest] === undefined) throw new Error(`head: ${line}`);
      family = { name, help: help[1], type: rest, series: new Map() };
      families.set(name, family);
    } else {
      if (family === undefined) throw new Error(`no family: ${line}`);
      const [key, value] = parseSample(line, family);
      if (family.series.has(key)) throw new Error(`series twice: ${line}`);
      family.series.set(key, value);
    }
  }
  return families;
}
