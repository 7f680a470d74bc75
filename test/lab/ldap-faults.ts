// The ways in which the scripted server can be made to misbehave, switched on and off while it runs.

export type LoggedSearch = {
  readonly connection: number;
  readonly at: number;
  readonly account: string;
  readonly base: string;
  readonly scope: string;
  readonly filter: string;
  readonly attributes: readonly string[];
  readonly controls: readonly string[];
  readonly pageSize: number | undefined;
  /** 1 for the first page, and for a search without paging. */
  readonly page: number;
  readonly timeLimit: number;
  code: number | undefined;
  entries: number;
};

type Where = {
  /** How often it strikes before it is spent; for ever unless given. */
  readonly times?: number;
  /** Only at this page of a paged search. */
  readonly page?: number;
  readonly where?: (search: LoggedSearch) => boolean;
};
/** The moment at which an answer is disturbed; without `afterEntries`, before the first entry. */
type Interruption = { readonly afterEntries?: number };

export type Fault = Where &
  (
    | ({
        readonly kind: 'close';
        readonly at?: 'connect' | 'bind' | 'search';
        readonly cut?: 'between-messages' | 'mid-message';
      } & Interruption)
    | ({ readonly kind: 'hang'; readonly at?: 'connect' | 'bind' | 'search' } & Interruption)
    | { readonly kind: 'delay'; readonly at: 'connect' | 'bind' | 'search'; readonly ms: number }
    | { readonly kind: 'slow'; readonly entryMs: number }
    | ({
        readonly kind: 'result';
        readonly at?: 'bind' | 'search';
        readonly code: number;
        readonly diagnostic?: string;
        readonly referrals?: readonly string[];
      } & Interruption)
    | ({ readonly kind: 'notice-of-disconnection'; readonly code?: number } & Interruption)
    | ({ readonly kind: 'garbage'; readonly bytes?: Buffer } & Interruption)
    | ({ readonly kind: 'wrong-message-id' } & Interruption)
    /** The given page has no entries but a cookie; the next one goes on where the last one ended. */
    | { readonly kind: 'empty-page'; readonly page: number }
    /** The search ends after so many entries, as if there were no more. */
    | { readonly kind: 'truncate'; readonly entries: number }
    /** Every page after the first is the second, with the same cookie. */
    | { readonly kind: 'cookie-loop' }
    /** Each page starts with the last entries of the one before. */
    | { readonly kind: 'duplicates'; readonly entries: number }
    /** As if the account had no right to read it; everywhere, or of one object. */
    | { readonly kind: 'without-attribute'; readonly attribute: string; readonly dn?: string }
    /** As if the account had no right to see the object. */
    | { readonly kind: 'hidden-entry'; readonly dn: string }
    /** After that page the connection is closed and another domain controller answers. */
    | { readonly kind: 'switch-dc'; readonly page: number }
    | { readonly kind: 'references'; readonly urls: readonly string[] }
  );
export type FaultKind = Fault['kind'];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>;

export class Faults {
  readonly #active: { readonly fault: Fault; left: number }[] = [];

  /** Answers a function that takes the fault away again. */
  add(fault: Fault): () => void {
    const row = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#active.push(row);
    return () => {
      const at = this.#active.indexOf(row);
      if (at >= 0) this.#active.splice(at, 1);
    };
  }

  clear(): void {
    this.#active.length = 0;
  }

  get active(): readonly Fault[] {
    return this.#active.map((row) => row.fault);
  }

  /** The first fault of these kinds that applies, counted as used. */
  take<Kind extends FaultKind>(
    kinds: readonly Kind[],
    at: 'connect' | 'bind' | 'search',
    search?: LoggedSearch,
  ): FaultOf<Kind> | undefined {
    for (const row of this.#active) {
      const { fault } = row;
      if (row.left <= 0 || !(kinds as readonly string[]).includes(fault.kind)) continue;
      if ((('at' in fault ? fault.at : undefined) ?? 'search') !== at) continue;
      if (search && fault.page !== undefined && fault.page !== search.page) continue;
      if (fault.where && (!search || !fault.where(search))) continue;
      row.left--;
      return fault as FaultOf<Kind>;
    }
    return undefined;
  }

  /** Whether an attribute of an object is to be kept back. */
  hides(dn: string, attribute: string): boolean {
    return this.#active.some(
      ({ fault }) =>
        fault.kind === 'without-attribute' &&
        fault.attribute.toLowerCase() === attribute &&
        (fault.dn === undefined || fault.dn.toLowerCase() === dn.toLowerCase()),
    );
  }

  hidesEntry(dn: string): boolean {
    return this.#active.some(
      ({ fault }) => fault.kind === 'hidden-entry' && fault.dn.toLowerCase() === dn.toLowerCase(),
    );
  }

  get isHiding(): boolean {
    return this.#active.some(({ fault }) => fault.kind === 'without-attribute' || fault.kind === 'hidden-entry');
  }
}

/** Values that decoders trip over; put them into an attribute of the directory. */
export const oddValues = {
  invalidUtf8: Buffer.from([0x41, 0xff, 0xfe, 0x42]),
  truncatedUtf8: Buffer.from([0x41, 0xe7, 0x8e]),
  nul: Buffer.from([0x41, 0x00, 0x42]),
  loneSurrogate: Buffer.from([0xed, 0xa0, 0x80]),
  byteOrderMark: Buffer.from([0xef, 0xbb, 0xbf, 0x41]),
  controlCharacters: Buffer.from('A\r\n\t\u001bB'),
  rightToLeft: Buffer.from('A\u202eB'),
  sixtyFourKilobytes: Buffer.alloc(64 * 1024, 'x'),
} as const;
