// What every connector over HTTP must keep beside connector-contract.ts, when the server or the network misbehaves.
// A connector joins by a harness whose fault(kind) makes its source fail in that way until the answered function is called.
// httpConnectorContract(start) is to be called inside a `describe`; the source has at least 30 accounts and needs at least two requests.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Connector, ReadOutcome } from '../../src/connector.ts';
import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import { accountsOf, type Collected, collect } from './connector-contract.ts';

export type HttpFaultKind =
  /** Every answer comes late or in small pieces, but within the timeouts. */
  | 'slow-answer'
  /** The connection ends before the stated length, or before the last chunk. */
  | 'truncated-length'
  | 'truncated-chunks'
  /** HTTP is in order, the document is not whole. */
  | 'cut-document'
  /** A page for people with status 200. */
  | 'html-page'
  /** The first request is answered, the second one with 401. */
  | 'unauthorized-midway'
  /** 503 with `Retry-After: 120`, for every request. */
  | 'busy'
  | 'reset'
  /** The server closes the kept connection in the moment of the second request, once, without a byte of an answer. */
  | 'idle-close'
  /** An error document with status 200 that shows the login, as password and as header. */
  | 'login-shown'
  /** To an address that would answer. */
  | 'redirect'
  /** 1 GB of zeros in a small gzip stream. */
  | 'gzip-bomb'
  /** 1 GB, or no end at all. */
  | 'huge-body'
  /** Bytes that are not the charset that was stated. */
  | 'invalid-text'
  /** Exactly one account is in the answers, but cannot be decoded; its id can. */
  | 'undecodable-record';

export interface HttpConnectorHarness {
  /** Timeouts of at most a second, `maxBodyBytes` of at most 16 MiB. */
  readonly make: () => Connector;
  /** The same without the CA file, so that nobody knows who signed the certificate of the server. */
  readonly makeUntrusting: () => Connector;
  readonly accounts: number;
  readonly fault: (kind: HttpFaultKind) => () => void;
  /** The status of every request since the start, whatever became of its answer. */
  readonly statuses: () => readonly number[];
  /** Open connections at the source. */
  readonly connections: () => number;
  /** What must never be in a message: the password and the Authorization header. */
  readonly secrets: readonly string[];
  readonly stop: () => Promise<void>;
}

/** The body for `login-shown`. */
export const loginShown = (secrets: readonly string[]): string =>
  `<apiErrors><apiError><errorType>x</errorType><errorMessage>${secrets.join(' ')}</errorMessage></apiError></apiErrors>`;

const mebibyte = 1_048_576;

interface End {
  readonly read: Collected | undefined;
  readonly code: ErrorCode | undefined;
  readonly said: string;
  readonly retryAfterMs: unknown;
}

async function endOf(connector: Connector): Promise<End> {
  try {
    const read = await collect(connector);
    return { read, code: codeOf(read.outcome), said: saidBy(read.outcome), retryAfterMs: undefined };
  } catch (error) {
    if (!(error instanceof RosterdError)) throw error;
    return { read: undefined, code: error.code, said: error.message, retryAfterMs: error.detail['retryAfterMs'] };
  }
}

const codeOf = (outcome: ReadOutcome): ErrorCode | undefined =>
  outcome.kind === 'partial' ? outcome.errorCode : undefined;
const saidBy = (outcome: ReadOutcome): string => ('because' in outcome ? outcome.because : '');

export function httpConnectorContract(start: () => Promise<HttpConnectorHarness>): void {
  let running: HttpConnectorHarness | undefined;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running?.stop());
  const harness = (): HttpConnectorHarness => {
    if (running === undefined) throw new Error('the source did not start');
    return running;
  };
  const under = async <Value>(kind: HttpFaultKind, work: () => Promise<Value>): Promise<Value> => {
    const undo = harness().fault(kind);
    try {
      return await work();
    } finally {
      undo();
    }
  };
  failingRules(harness, under);
  sizeRules(harness, under);
  recordRules(harness, under);
}

type Current = () => HttpConnectorHarness;
type Under = <Value>(kind: HttpFaultKind, work: () => Promise<Value>) => Promise<Value>;

async function expectNoConnection({ connections }: HttpConnectorHarness): Promise<void> {
  for (let turn = 0; turn < 500 && connections() > 0; turn += 1) await sleep(10);
  expect(connections()).toBe(0);
}

const failing: readonly (readonly [kind: HttpFaultKind, codes: readonly ErrorCode[]])[] = [
  ['truncated-length', ['source-connection-lost']],
  ['truncated-chunks', ['source-connection-lost']],
  ['cut-document', ['source-protocol']],
  ['html-page', ['source-busy']],
  ['unauthorized-midway', ['source-credentials']],
  ['busy', ['source-busy']],
  ['reset', ['source-connection-lost']],
  ['login-shown', ['source-refused', 'source-protocol']],
  ['redirect', ['source-protocol']],
  ['invalid-text', ['source-protocol']],
];

function failingRules(harness: Current, under: Under): void {
  it.each(failing)('is never complete under %s, says why, and is complete again afterwards', async (kind, codes) => {
    const { read, code, said } = await under(kind, () => endOf(harness().make()));
    expect(read?.outcome.kind).not.toBe('complete');
    expect(codes).toContain(code);
    expect(said).not.toBe('');
    for (const secretText of harness().secrets) expect(said).not.toContain(secretText);
    await expectNoConnection(harness());
    const again = await endOf(harness().make());
    expect(again.read?.outcome.kind, again.said).toBe('complete');
  });

  it.each(failing)('does not call anybody absent under %s', async (kind) => {
    const connector = harness().make();
    const ids = accountsOf(await collect(connector))
      .slice(0, 5)
      .map(({ id }) => id);
    const kinds = await under(kind, async () => {
      try {
        return [...(await connector.confirm('account', ids, new AbortController().signal)).values()].map(
          (one) => one.kind,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(RosterdError);
        return [];
      }
    });
    expect(kinds).not.toContain('absent');
    expect(kinds).not.toContain('out-of-scope');
    await expectNoConnection(harness());
  });

  it('reads everything from a server that is slow', async () => {
    const { read, said } = await under('slow-answer', () => endOf(harness().make()));
    expect(read?.outcome.kind, said).toBe('complete');
  });

  it('reads everything though the server closes a connection between two requests', async () => {
    const requestsOf = async (work: () => Promise<End>): Promise<number> => {
      const before = harness().statuses().length;
      const { read, said } = await work();
      expect(read?.outcome.kind, said).toBe('complete');
      return harness().statuses().length - before;
    };
    const undisturbed = await requestsOf(() => endOf(harness().make()));
    expect(await requestsOf(() => under('idle-close', () => endOf(harness().make())))).toBe(undisturbed + 1);
  });

  it('asks nothing more after a refused login', async () => {
    const before = harness().statuses().length;
    await under('unauthorized-midway', () => endOf(harness().make()));
    const statuses = harness().statuses().slice(before);
    expect(statuses.filter((status) => status === 401)).toHaveLength(1);
    expect(statuses.at(-1)).toBe(401);
  });

  it('tells when a busy server wants to be asked again', async () => {
    expect((await under('busy', () => endOf(harness().make()))).retryAfterMs).toBe(120_000);
  });

  it('sends no request to a server whose certificate nobody vouches for', async () => {
    const before = harness().statuses().length;
    expect((await endOf(harness().makeUntrusting())).code).toBe('source-tls-untrusted');
    expect(harness().statuses()).toHaveLength(before);
    await expectNoConnection(harness());
  });
}

function sizeRules(harness: Current, under: Under): void {
  it.each(['gzip-bomb', 'huge-body'] as const)('ends under %s with a bounded memory', async (kind) => {
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 5);
    try {
      expect((await under(kind, () => endOf(harness().make()))).code).toBe('source-limit');
    } finally {
      clearInterval(watch);
    }
    // The server may be in this process: it too must not hold what nobody takes.
    expect(peak - before).toBeLessThan(200 * mebibyte);
    await expectNoConnection(harness());
  });
}

function recordRules(harness: Current, under: Under): void {
  it('goes on after a record that cannot be decoded, and names it', async () => {
    const { read } = await under('undecodable-record', () => endOf(harness().make()));
    if (read === undefined) throw new Error('the read failed');
    const rejected = read.pages.flatMap((page) => page.rejected);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ kind: 'account', label: expect.stringMatching(/./u) });
    expect(accountsOf(read).length).toBeGreaterThanOrEqual(harness().accounts - 1);
    // With its id it is protected from looking missing, so the read may be complete.
    expect(rejected[0]?.id).toBeTruthy();
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { rejected: 1 } });
  });
}
