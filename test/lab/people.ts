// Invented people of an invented contact centre, the same for the same seed and count: the lab's one source of names,
// so that a directory and the Cisco simulators can describe the same staff. Addresses are in example.test (RFC 6761).

export type Person = {
  readonly index: number;
  /** ASCII, unique without regard to case, at most 20 characters (the limit of sAMAccountName). */
  readonly login: string;
  readonly givenName: string;
  readonly familyName: string;
  /** Unique, so that it can be a common name. */
  readonly displayName: string;
  readonly mail: string;
  readonly phone: string;
  /** Telephone extension, unique up to 900,000 people. */
  readonly extension: string;
  /** Has leading zeros: it is a name, not a number. */
  readonly employeeId: string;
  readonly department: string;
  readonly title: string;
  readonly site: string;
  readonly team: string;
  readonly rank: 'agent' | 'supervisor' | 'manager';
  /** Index of the person this one reports to; nobody for the first. */
  readonly managerIndex: number | undefined;
};

export const teamNames = [
  'Billing',
  'Claims',
  'Night Shift',
  'Retention',
  'Technical Support',
  'Sales Inbound',
  'Sales Outbound',
  'Back Office',
  'Escalations',
  'Complaints',
  'Fraud Desk',
  'Onboarding',
  'Roadside Assistance',
  'VIP Desk',
  'Chat & E-mail',
  'Français',
  'Kundenservice Süd',
  'Obsługa Klienta',
  'Überlauf',
  'Training',
] as const;
export const sites = ['Brno', 'Kraków', 'Köln', 'Lyon', 'Porto', 'Tromsø'] as const;

const givenNames = [
  'Anna',
  'Łukasz',
  'Björn',
  'Şebnem',
  'Renée',
  'Zoë',
  'François',
  'Jürgen',
  'Ngọc',
  'Ágnes',
  'Žofie',
  'Siobhán',
  'Ødger',
  'Iñigo',
  'Jean-Luc',
  'Mary Ann',
  "D'Arcy",
  'Íris',
  'Ğamze',
  'Čeněk',
  'Ștefan',
  'Þóra',
  'Kwame',
  'Aiko',
  'Ren\u0065\u0301',
  'Ольга',
  'Νίκος',
  '明',
  '美咲',
  '지우',
  'ليلى',
  'Tom',
  'Grace',
  'Hugo',
  'Mona',
  'Paul',
] as const;
const familyNames = [
  "O'Neill",
  'Müller',
  'Nguyễn',
  'Dvořák',
  'Łęcki',
  'Åström',
  'Sørensen',
  'García Márquez',
  'van der Berg',
  'de la Cruz',
  'Strauß',
  'Yılmaz',
  'Ñuñez',
  'Þorsteinsson',
  "D'Angelo",
  'McIntyre',
  'Smith-Jones',
  'Kovács',
  'Șerban',
  'Bērziņš',
  'Ivanov',
  'Петрова',
  'Παππάς',
  '王',
  '田中',
  '김',
  'حداد',
  'Mu\u0308nch',
  'Lee',
  'Novak',
  'Becker',
  'Costa',
  'Tanaka',
  'Weber',
  'Xu',
  'Zimmer',
] as const;
const departments = [
  'Customer Care',
  'Claims Handling',
  'Sales',
  'Technical Service',
  'Quality',
  'Workforce Planning',
] as const;
const titles = { agent: 'Agent', supervisor: 'Team Supervisor', manager: 'Contact Centre Manager' } as const;

export type PeopleOptions = { readonly count: number; readonly seed?: number };

/** A small generator with a known sequence for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The ASCII letters nearest to a name; names in other scripts leave nothing. */
function latin(name: string): string {
  const special: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', ß: 'ss', þ: 'th', đ: 'd', ı: 'i', æ: 'ae' };
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[łøßþđıæ]/g, (letter) => special[letter] ?? '')
    .replace(/[^a-z]/g, '');
}

export function generatePeople(options: PeopleOptions): Person[] {
  const random = seededRandom(options.seed ?? 20_240_229);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const displayNames = new Map<string, number>();
  const people: Person[] = [];
  for (let index = 0; index < options.count; index++) {
    const givenName = pick(givenNames);
    const familyName = pick(familyNames);
    const plain = `${givenName} ${familyName}`;
    const key = plain.normalize('NFC').toLowerCase();
    const repeats = (displayNames.get(key) ?? 0) + 1;
    displayNames.set(key, repeats);
    const stem = `${latin(givenName).slice(0, 1)}${latin(familyName).slice(0, 12)}` || 'user';
    const login = `${stem}${String(index + 1).padStart(3, '0')}`;
    const rank = index % 100 === 0 ? 'manager' : index % 10 === 0 ? 'supervisor' : 'agent';
    people.push({
      index,
      login,
      givenName,
      familyName,
      displayName: repeats === 1 ? plain : `${plain} ${repeats}`,
      mail: `${login}@example.test`,
      phone: `+49 30 ${String(1_000_000 + index)}`,
      extension: String(100_000 + index),
      employeeId: String(index + 1).padStart(8, '0'),
      department: pick(departments),
      title: titles[rank],
      site: sites[index % sites.length] ?? sites[0],
      team: teamNames[index % teamNames.length] ?? teamNames[0],
      rank,
      managerIndex: managerOf(index),
    });
  }
  return people;
}

/** Agents report to the supervisor of their ten, supervisors to the manager of their hundred, managers to the first. */
function managerOf(index: number): number | undefined {
  if (index === 0) return undefined;
  if (index % 100 === 0) return 0;
  return index % 10 === 0 ? index - (index % 100) : index - (index % 10);
}
