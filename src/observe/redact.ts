// Takes out of log lines what looks like a secret. A net below the rule, not the rule: nobody logs secrets on purpose.

const mark = '[redacted]';

/** Names of fields whose value is never shown, whatever it is. */
const secretName =
  /pass(?:word|wd|phrase)?$|secret$|token$|credentials?$|authorization$|cookie$|(?:api|private|access|secret)[-_]?key$/iu;

const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gu, mark],
  // User and password in a URL: postgresql://rosterd:pa:ss@db -> postgresql://[redacted]@db. A password may hold colons and slashes.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/giu, `$1${mark}@`],
  [/\b(bearer|basic|negotiate)\s+[A-Za-z0-9+/_.~=-]{8,}/giu, `$1 ${mark}`],
  [
    /\b((?:[a-z]+[-_])?(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key))(\s*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)/giu,
    `$1$2${mark}`,
  ],
];

/** Text with everything that looks like a secret replaced. */
export function redactText(text: string): string {
  return secretTexts.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}

const maxDepth = 8;

/** A copy of plain data with secrets replaced, by the names of fields and by the look of texts. Anything deeper than 8 levels is cut. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (depth >= maxDepth) return '[cut]';
  if (value instanceof Error) return redactText(value.message);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      secretName.test(name) && item !== undefined ? mark : redact(item, depth + 1),
    ]),
  );
}
