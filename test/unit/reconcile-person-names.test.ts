// Whether two ways of writing a name may mean the same person.
import { describe, expect, it } from 'vitest';
import { localNameOf, mayBeOneLogin } from '../../src/model/keys.ts';
import { areWholeNames, judgeNames, nameText, type PersonName } from '../../src/reconcile/person-names.ts';

/** `first|last`; nothing on a side leaves it out. */
function name(text: string): PersonName {
  const [first = '', last = ''] = text.split('|');
  return { ...(first !== '' && { first }), ...(last !== '' && { last }) };
}

const cases: readonly (readonly [says: string, one: string, other: string, verdict: string])[] = [
  ['the same', 'Jane|Cooper', 'Jane|Cooper', 'same'],
  ['case and blanks', ' jane |COOPER', 'Jane|Cooper', 'same'],
  ['maiden name', 'Jane|Cooper', 'Jane|Smith', 'same'],
  ['swapped', 'Cooper|Jane', 'Jane|Cooper', 'same'],
  ['nickname and the same last name', 'Peggy|Cooper', 'Margaret|Cooper', 'same'],
  ['short form of the first name, another last name', 'Chris|Cooper', 'Christopher|Smith', 'same'],
  ['nickname and another last name', 'Peggy|Cooper', 'Margaret|Smith', 'other'],
  ['two letters begin too many names', 'Al|Cooper', 'Alice|Smith', 'other'],
  ['somebody else', 'Jane|Cooper', 'John|Smith', 'other'],
  ['the same initials only', 'J.|Cooper', 'John|Smith', 'other'],
  ['an initial beside the same last name', 'J.|Cooper', 'Jane|Cooper', 'same'],
  ['initials alone that fit', 'J|C', 'Jane|Cooper', 'same'],
  ['initials alone that do not', 'J|D', 'Jane|Cooper', 'other'],
  ['initials with dots', 'J.P.|', 'John|Paul', 'same'],
  ['two accents for one', 'José|Núñez', 'Jose|Nunez', 'same'],
  ['umlauts written out', 'Jörg|Müller', 'Georg|Mueller', 'same'],
  ['umlauts left out', 'Jörg|Müller', 'Georg|Muller', 'same'],
  ['sharp s', 'Ann|Groß', 'Eva|Gross', 'same'],
  ['Nordic letters', 'Åse|Sørensen', 'Aase|Soerensen', 'same'],
  ['Nordic and Polish letters alone', 'X|Łódź', 'Y|Lodz', 'same'],
  ['thorn, eth and ligatures', 'Þór|Guðmundsson', 'Thor|X', 'same'],
  ['ligatures', 'A|Kjær', 'B|Kjaer', 'same'],
  ['dotless i', 'Işıl|A', 'Isil|B', 'same'],
  ['a compound in one word', "Ann|O'Brien", 'Eva|OBrien', 'same'],
  ['another apostrophe', 'Ann|O’Brien', "Eva|O'Brien", 'same'],
  ['one half of a double name', 'Ann|Lee-Brown', 'Eva|Brown', 'same'],
  ['a double first name', 'Jean-Luc|A', 'Jeanluc|B', 'same'],
  ['particles in one word', 'Ana|De La Cruz', 'Eva|Delacruz', 'same'],
  ['the same particle only', 'Ann|van Dijk', 'Tom|van Berg', 'other'],
  ['a name that is a particle', 'Von|Lee', 'Von|Ray', 'other'],
  ['nothing but a particle', 'Al|', 'Al|', 'same'],
  ['no first name', '|Cooper', 'Jane|Cooper', 'same'],
  ['no first name, and another last name', '|Cooper', 'John|Smith', 'other'],
  ['no name on one side', '|', 'John|Smith', 'unknown'],
  ['no letters on one side', '1|-', 'John|Smith', 'unknown'],
  ['another alphabet', 'Ольга|Иванова', 'Jane|Cooper', 'unknown'],
  ['two alphabets on one side, of which the common one says so', 'Ольга|Cooper', 'John|Smith', 'other'],
  ['two alphabets on one side, and the family name is the same', 'Ольга|Cooper', 'Olga|Cooper', 'same'],
  ['two alphabets, none in common', 'Ольга|王', 'John|Smith', 'unknown'],
  ['a sign beside another family name', '明|Lee', '明|Novak', 'same'],
  ['other signs beside another family name', '明|McIntyre', 'Kwame|Costa', 'other'],
  ['one alphabet that is not Latin', 'Ольга|Иванова', 'Анна|Смирнова', 'other'],
  ['the same in it', 'Ольга|Иванова', 'Ольга|Смирнова', 'same'],
  ['a script without letters', '伟|王', '娜|李', 'unknown'],
];

/** The key by which the two match, without its domain. */
const casesByKey: readonly (readonly [key: string, one: string, other: string, verdict: string])[] = [
  ['jsmith', 'John|Smith', 'Jane|Smith', 'other'],
  ['jsmith', 'John|Smith', 'J.|Smith', 'same'],
  ['jsmith', 'John|Smith', '|Smith', 'same'],
  ['jsmith', 'John|Smith', 'Smith|John', 'same'],
  ['jsmith', 'Jane|Smith', 'Smith|John', 'other'],
  ['jsmith', 'John|Smith', 'Smith|J.', 'same'],
  ['jsmith', 'Jane|Smith', '|John Smith', 'other'],
  ['jsmith', 'John|Smith', '|Cooper', 'other'],
  ['jsmith', 'John|Cooper', '|Smith', 'other'],
  ['jsmith', 'J.|Smith', 'John|Cooper', 'other'],
  ['j.smith-2', 'John|Smith', 'Jane|Smith', 'other'],
  ['jsmith', 'John|Smith', 'Jo|Smith', 'same'],
  ['mhorvat', 'Mira|Horvat', 'Mira|Novak', 'same'],
  ['mhorvat', 'Mira|Horvat', 'Milan|Horvat', 'other'],
  ['mira.horvat', 'Mira|Horvat', 'Mira|Novak', 'same'],
  ['hormir', 'Mira|Horvat', 'Mira|Novak', 'same'],
  ['smijoh', 'John|Smith', 'Johanna|Smith', 'other'],
  ['jchristo', 'John|Christopherson', 'Jane|Christopherson', 'other'],
  ['rmiller', 'Robert|Miller', 'Rob|Miller', 'same'],
  ['wmiller', 'William|Miller', 'Bill|Miller', 'other'],
  ['bmiller', 'Ben|Miller', 'Benjamin|Miller', 'same'],
  ['jmiller', 'Ben|Miller', 'Jane|Miller', 'other'],
  ['jnovak', 'Jan|Novak', 'Jana|Nováková', 'other'],
  ['jmueller', 'Jörg|Müller', 'Jana|Mueller', 'other'],
  ['jmueller', 'Jörg|Müller', 'Joerg|Mueller', 'same'],
  ['joneill', "John|O'Neill", 'Jane|ONeill', 'other'],
  ['joneill', "John|O'Neill", '|ONeill', 'same'],
  ['joevans', 'Jo|Evans', 'Jack|Evans', 'other'],
  ['bli', 'Bo|Li', 'Bing|Li', 'other'],
  ['john', 'John|Smith', 'John|Cooper', 'other'],
  ['john', 'John|Smith', 'John|', 'same'],
  ['johnson', 'John|Johnson', 'John|Cooper', 'other'],
  ['johnson', 'John|Cooper', 'Mary|Johnson', 'other'],
  ['rob', 'Rob|Miller', 'Jane|Robinson', 'other'],
  ['janda', 'Jan|Novak', 'Petr|Janda', 'other'],
  ['agent7', 'Rob|Miller', 'Jane|Robinson', 'other'],
  ['akhan', 'Abdul Rahman|Khan', 'Abdul Karim|Said', 'other'],
  ['mac', 'Ann|Mac Donald', 'Tom|Mac Gregor', 'other'],
  ['mac', 'Mac|Donald', 'Mac|Gregor', 'other'],
  ['ben', 'Avi|Ben David', 'Tal|Ben Ami', 'other'],
  ['hnguyen', 'Thi Hoa|Nguyen', 'Thi Mai|Tran', 'other'],
  ['hnguyen', 'Thi Hoa|Nguyen', 'Thi Mai|Nguyen', 'other'],
  ['mkhan', 'Mohammed Ali|Khan', 'Mohammed Hassan|Khan', 'other'],
  ['mkhan', 'Mohammed Ali|Khan', 'Mohammed|Khan', 'same'],
  ['jlmoreau', 'Jean-Luc|Moreau', 'Jean-Louis|Moreau', 'other'],
  ['jlmoreau', 'Jean-Luc|Moreau', 'Jeanluc|Petit', 'same'],
  ['jean', 'Jean-Luc|Moreau', 'Jeanluc|Petit', 'other'],
  ['jdijk', 'Jan|van Dijk', 'Joris|van Dijk', 'other'],
  ['jdijk', 'Jan|van Dijk', 'Joris|Vandijk', 'other'],
  ['jgarcia', 'José|García López', 'Juan|Garcia Lopez', 'other'],
  ['jgarcia', 'José|García López', 'José|Garcia', 'same'],
  ['jsmith', 'John|Smith', 'John Contractor|Smith', 'same'],
  ['0042', 'John|Smith', 'Jane|Smith', 'same'],
  ['0042', 'Mary Ann|Smith', 'Jane Sue|Smith', 'same'],
  ['0042', 'Mary Ann|Smith', 'Mary Jane|Cooper', 'other'],
  ['0042', 'John|Smith', 'Jane|Cooper', 'other'],
  ['oivanova', 'Ольга|Иванова', 'Анна|Иванова', 'other'],
  ['oivanova', 'Ольга|Иванова', 'Ольга|Смирнова', 'same'],
  ['иванова', 'Ольга|Иванова', 'Анна|Иванова', 'other'],
  ['0042', 'Ольга|Иванова', 'Анна|Иванова', 'same'],
  ['jwang', 'John|王', 'Jane|王', 'other'],
  ['jwang', '伟|王', '娜|王', 'unknown'],
];

describe('judgeNames', () => {
  it.each(casesByKey)('by %s: %s and %s -> %s', (key, one, other, verdict) => {
    expect(judgeNames([name(one)], [name(other)], key)).toBe(verdict);
    expect(judgeNames([name(other)], [name(one)], key)).toBe(verdict);
  });

  it.each([
    ['John|Smith', 'JOHN|Smith', true],
    ['John|Smith', 'Smith|John', true],
    ['Jörg|Müller', 'Joerg|Mueller', true],
    ["Ann|O'Brien", 'Ann|OBrien', true],
    ['John|Smith', 'J.|Smith', false],
    ['Robert|Smith', 'Rob|Smith', false],
    ['John Paul|Smith', 'John|Smith', false],
    ['John|Smith', '|Smith', false],
    ['|Smith', '|Smith', false],
    ['Ольга|Smith', 'Olga|Smith', false],
    ['伟|王', '伟|王', true],
  ])('%s and %s are one whole name: %s', (one, other, expected) => {
    expect(areWholeNames([name(one)], [name(other)])).toBe(expected);
    expect(areWholeNames([name(other)], [name('X|Y'), name(one)])).toBe(expected);
  });

  it.each(cases)('%s: %s and %s -> %s', (_, one, other, verdict) => {
    expect(judgeNames([name(one)], [name(other)])).toBe(verdict);
    expect(judgeNames([name(other)], [name(one)])).toBe(verdict);
  });

  it('takes one of several names that agrees, else one that does not', () => {
    const own = [name('Jane|Cooper')];
    expect(judgeNames(own, [name('John|Smith'), name('Jane|Smith')])).toBe('same');
    expect(judgeNames(own, [name('|'), name('John|Smith')])).toBe('other');
    expect(judgeNames(own, [])).toBe('unknown');
  });

  it('writes a name as people do', () => {
    expect(['Jane|Cooper', '|Cooper', 'Jane|', '|'].map((text) => nameText(name(text)))).toEqual([
      'Jane Cooper',
      'Cooper',
      'Jane',
      '',
    ]);
  });
});

describe('logins', () => {
  it.each([
    ['anna', 'anna'],
    ['anna@a.test', 'anna'],
    ['corp\\anna', 'anna'],
    ['@anna', '@anna'],
    ['anna@', 'anna'],
    ['a@b@c', 'a'],
  ])('%s without its domain is %s', (login, local) => {
    expect(localNameOf(login)).toBe(local);
  });

  it.each([
    ['anna', 'anna', true],
    ['anna', 'anna@a.test', true],
    ['anna@a.test', 'anna@a.test', true],
    ['anna@a.test', 'anna@b.test', false],
    ['anna@a.test', 'anna@a.test.example', false],
    ['corp\\anna', 'anna@corp.example', true],
    ['corp\\anna', 'anna@lab.example', false],
    ['corp\\anna', 'lab\\anna', false],
    ['anna@', 'anna@a.test', true],
    ['anna', 'eva', false],
  ])('%s and %s may be one: %s', (one, other, expected) => {
    expect(mayBeOneLogin(one, other)).toBe(expected);
    expect(mayBeOneLogin(other, one)).toBe(expected);
  });
});
