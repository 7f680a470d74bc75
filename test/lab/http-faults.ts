// The ways in which a simulated web server can be made to misbehave, switched on and off while it runs.
// A fault is plain data, so that it can also be sent to a simulator in another process.

type Where = {
  /** A regular expression on path and query, as they were sent; every request unless given. */
  readonly path?: string;
  /** Only this one of the matching requests, counted from 1 since the fault was added. */
  readonly nth?: number;
  /** Not the first so many matching requests: a fault in the middle of paging. */
  readonly after?: number;
  /** How often it strikes before it is spent; for ever unless given. */
  readonly times?: number;
};

/** Answers in place of the right one. */
export type ReplacingFault =
  /** A page for people, as a container shows it when the services behind it are down. */
  | { readonly kind: 'html'; readonly status?: number }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'forbidden' }
  /** Any status; without a body unless given. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly contentType?: string;
      /** As in the header: seconds, or a date. */
      readonly retryAfter?: string;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number };

/** What happens to the right answer on its way. */
export type DeliveryFault =
  | { readonly kind: 'slow-first-byte'; readonly ms: number }
  | { readonly kind: 'dribble'; readonly bytes: number; readonly everyMs: number }
  /** Nothing more comes, and nobody says so; `body` is after half of it. */
  | { readonly kind: 'hang'; readonly at?: 'request' | 'headers' | 'body' }
  | { readonly kind: 'reset'; readonly at: 'before-headers' | 'after-headers' | 'body' }
  /** The connection ends after half of the body, with more announced or without the last chunk. */
  | { readonly kind: 'truncated'; readonly how: 'content-length' | 'chunked' }
  /** HTTP is in order, the document ends after so many bytes. */
  | { readonly kind: 'cut-document'; readonly keepBytes: number }
  /** Correct. */
  | { readonly kind: 'gzip' }
  /** So many zeros in a small gzip stream, 1 GB unless given. */
  | { readonly kind: 'gzip-bomb'; readonly bytes?: number }
  /** So many blanks, for ever unless given. */
  | { readonly kind: 'endless'; readonly bytes?: number }
  | { readonly kind: 'invalid-utf8' };

/** What the headers say besides; goes together with any other fault. */
export type HeaderFault =
  | { readonly kind: 'content-type'; readonly contentType: string }
  | { readonly kind: 'date'; readonly offsetMs: number };

export type HttpFault = Where & (ReplacingFault | DeliveryFault | HeaderFault);
export type HttpFaultKind = HttpFault['kind'];

export const replacingKinds = ['html', 'unauthorized', 'forbidden', 'status', 'redirect'] as const;
export const deliveryKinds = [
  'slow-first-byte',
  'dribble',
  'hang',
  'reset',
  'truncated',
  'cut-document',
  'gzip',
  'gzip-bomb',
  'endless',
  'invalid-utf8',
] as const;
export const headerKinds = ['content-type', 'date'] as const;

type Row = { readonly fault: HttpFault; readonly pattern: RegExp; seen: number; left: number };

export class HttpFaults {
  readonly #rows: Row[] = [];

  /** Answers a function that takes the fault away again. */
  add(fault: HttpFault): () => void {
    const pattern = new RegExp(fault.path ?? '', 'u');
    const row: Row = { fault, pattern, seen: 0, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#rows.push(row);
    return () => {
      const at = this.#rows.indexOf(row);
      if (at >= 0) this.#rows.splice(at, 1);
    };
  }

  clear(): void {
    this.#rows.length = 0;
  }

  get active(): readonly HttpFault[] {
    return this.#rows.filter(({ left }) => left > 0).map(({ fault }) => fault);
  }

  /** All faults that strike this request, the oldest first; counted as used. Asked once per request. */
  strike(pathAndQuery: string): readonly HttpFault[] {
    return this.#rows.filter((row) => isStruck(row, pathAndQuery)).map(({ fault }) => fault);
  }
}

function isStruck(row: Row, pathAndQuery: string): boolean {
  if (!row.pattern.test(pathAndQuery)) return false;
  row.seen += 1;
  if (row.left <= 0 || row.seen <= (row.fault.after ?? 0)) return false;
  if (row.fault.nth !== undefined && row.fault.nth !== row.seen) return false;
  row.left -= 1;
  return true;
}

/** The first of these kinds among the faults that strike. */
export function firstOf<Kind extends HttpFaultKind>(
  faults: readonly HttpFault[],
  kinds: readonly Kind[],
): Extract<HttpFault, { readonly kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<HttpFault, { readonly kind: Kind }> =>
    (kinds as readonly string[]).includes(fault.kind),
  );
}
