// The login as it goes over the wire, and what keeps it out of everything that people read.
// Invariant: of what a server says nothing is repeated before the login is blotted out, in every form in which a server may show it.

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Shorter ones are found in any text: a document would be no document any more, and hides nothing that would be hard to guess. */
const shortestInDocuments = 4;
const blot = '***';

/** Without the scheme (RFC 7617, 2, with UTF-8). */
export const basicOf = ({ user, password }: Login): string =>
  Buffer.from(`${user}:${password}`, 'utf8').toString('base64');

/** Takes the login out of what a server says. */
export class LoginEraser {
  readonly #inMessages: RegExp;
  readonly #inDocuments: RegExp;

  constructor(login: Login) {
    // A server that takes the bytes for ISO 8859-1 shows another text.
    const garbled = Buffer.from(login.password, 'utf8').toString('latin1');
    const secrets = [basicOf(login), login.password, garbled].filter((secret) => secret !== '');
    this.#inMessages = patternOf(secrets);
    this.#inDocuments = patternOf(secrets.filter(({ length }) => length >= shortestInDocuments));
  }

  /** For a text that only people read. */
  message(text: string): string {
    return text.replace(this.#inMessages, blot);
  }

  /** For a text that is parsed, and quoted afterwards. */
  document(text: string): string {
    return text.replace(this.#inDocuments, blot);
  }
}

const patternOf = (secrets: readonly string[]): RegExp =>
  secrets.length === 0
    ? /(?!)/u
    : new RegExp(secrets.map((secret) => [...secret].map(formsOf).join('')).join('|'), 'gu');

const named: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

/** A character as it is, and as XML, JSON and an address write it: a server may write some so and others not. */
function formsOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  const percent = [...Buffer.from(character, 'utf8')].map((byte) => `%${anyCase(byte.toString(16).padStart(2, '0'))}`);
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  const name = named[character];
  const forms = [
    `\\u{${hex}}`,
    `&#0*${code};`,
    `&#[xX]0*${anyCase(hex)};`,
    percent.join(''),
    units.map((unit) => `\\\\u${anyCase(unit.toString(16).padStart(4, '0'))}`).join(''),
    ...(name === undefined ? [] : [`&${name};`]),
    ...(character === ' ' ? ['\\+'] : []),
    ...('"\\/'.includes(character) ? [`\\\\\\u{${hex}}`] : []),
  ];
  return `(?:${forms.join('|')})`;
}

const anyCase = (hex: string): string => hex.replace(/[a-f]/gu, (digit) => `[${digit}${digit.toUpperCase()}]`);
