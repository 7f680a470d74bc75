// Whatever the file holds: a configuration or config-invalid, never a crash, never without end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigInvalidError } from '../../src/config/problem.ts';
import { fileWith, load } from './config-fixture.ts';

/** The problems' texts, or undefined when the text is valid. Anything but config-invalid fails the test. */
function refusal(text: string): string | undefined {
  try {
    load(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    for (const { line, column } of error.problems) {
      if (!(line >= 1 && column >= 1)) throw new Error(`a problem at ${line}:${column}`, { cause: error });
    }
    return error.message;
  }
}

const yamlLike = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '\n',
          '  ',
          '- ',
          ': ',
          '{',
          '}',
          '[',
          ']',
          ', ',
          '&a ',
          '*a',
          '!t ',
          '|',
          '>',
          '"',
          "'",
          '#',
          '---',
          '...',
          '? ',
          '%',
          '\t',
        ],
        ...[
          'sources',
          'name',
          'type',
          'directory',
          'mapping',
          'roles',
          'guard',
          'null',
          '1',
          '~',
          '<<',
          '__proto__',
          'constructor',
        ],
      ),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

/** Values of every kind under the keys that the file knows, so that the schemas are reached. */
const knownKeys = [
  'version',
  'store',
  'audit',
  'serve',
  'notify',
  'log',
  'retention',
  'roles',
  'protected',
  'validation',
  'mainTeam',
  'precedence',
  'sources',
];
const sourceKeys = [
  'name',
  'type',
  'connection',
  'schedule',
  'mapping',
  'attributes',
  'absence',
  'teams',
  'roleMapping',
  'guard',
  'correlation',
  'password',
  'rank',
  'email',
];
const targetKeys = ['name', 'host', 'port', 'tls', 'login', 'from', 'to', 'on', 'url', 'secret', 'caFile'];
const junk = fc.jsonValue({ maxDepth: 3 });
const section = (keys: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...keys, 'toString', 'hasOwnProperty'), junk);
const target = fc
  .tuple(section(targetKeys), fc.constantFrom('smtp', 'webhook', 'smpt'))
  .map(([keys, type]) => ({ ...keys, type }));
const listOf = (entry: fc.Arbitrary<unknown>) => fc.array(fc.oneof(entry, junk), { maxLength: 3 });
const fileLike = fc
  .tuple(section(knownKeys), listOf(section(sourceKeys)), listOf(target), fc.boolean())
  .map(([file, sources, notify, isList]) => (isList ? { ...file, sources, notify } : file));

describe('any text', () => {
  it('is refused or taken: random unicode', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void refusal(text)),
      { numRuns: 500 },
    );
  });

  it('is refused or taken: what looks like YAML', () => {
    fc.assert(
      fc.property(yamlLike, (text) => void refusal(text)),
      { numRuns: 1_000 },
    );
  });

  it('is refused or taken: values of every kind under known keys', () => {
    fc.assert(
      fc.property(fileLike, (value) => void refusal(stringify(value))),
      { numRuns: 500 },
    );
  });

  it('is refused or taken: a good file with one stroke changed', () => {
    const good = fileWith(
      '    absence: { grace: 1h }\n    mapping: { title: [a, b] }\n    roleMapping: [{ group: A, roles: [DEFAULT_AGENT] }]\n',
    );
    const stroke = fc.tuple(fc.nat(good.length), fc.nat(3), fc.string({ unit: 'grapheme', maxLength: 2 }));
    fc.assert(
      fc.property(stroke, ([at, cut, put]) => void refusal(good.slice(0, at) + put + good.slice(at + cut))),
      { numRuns: 1_000 },
    );
  });

  it('keeps every kind of text as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), (text) => {
        fc.pre(/\S/u.test(text));
        const config = load(
          fileWith(`    roleMapping: ${JSON.stringify([{ group: text, roles: ['DEFAULT_AGENT'] }])}\n`),
        );
        expect(config.sources[0]?.policy.roleMapping).toMatchObject([{ group: text }]);
      }),
    );
  });

  it('takes no name of Object.prototype for a known key, role or type', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      expect(refusal(fileWith(`    ${name}: 1`))).toContain('is not a known key');
      expect(refusal(fileWith(`    roleMapping: [{ group: A, roles: [${name}] }]`))).toContain(
        'is not a role of the catalogue',
      );
      expect(refusal(fileWith('').replace('type: directory', `type: ${name}`))).toContain(
        'is not a known type of source',
      );
      expect(refusal(fileWith('', `protected: { roles: [${name}] }\n`))).toContain('is not a role of the catalogue');
    }
  });
});

describe('files made to hurt', () => {
  const bomb = (levels: number): string =>
    [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: levels }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`),
    ].join('\n');

  it.each([
    ['an alias bomb', bomb(12), 'repeats too much by aliases'],
    ['an alias of itself', 'a: &a [*a, *a]', 'is nested more than 64 levels deep'],
    ['deep lists', '['.repeat(100_000), ''],
    ['deep sections', '{a: '.repeat(20_000), ''],
    ['deep closed lists', `a: ${'['.repeat(3_000)}${']'.repeat(3_000)}`, 'nested'],
    ['deep indentation', Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'nested'],
    ['100,000 unknown keys', Array.from({ length: 100_000 }, (_, n) => `k${n}: 1`).join('\n'), 'is not a known key'],
    ['20,000 times the same key', 'a: 1\n'.repeat(20_000), 'is given twice'],
    ['a long word', fileWith(`    rename: ${'x'.repeat(500_000)}`), 'is not one of the known words'],
    ['a long key', fileWith(`    ? ${'x'.repeat(500_000)}\n    : 1`), 'is not a known key'],
  ])('are refused: %s', (_, text, problem) => {
    expect(refusal(text)).toContain(problem);
  });

  it('does not mind a megabyte', () => {
    const names = Array.from({ length: 60_000 }, (_, n) => `user-${n}-of-many`);
    const config = load(fileWith('', `protected:\n  usernames:\n${names.map((name) => `    - ${name}\n`).join('')}`));
    expect(config.protected.usernames).toHaveLength(60_000);
  });
});
