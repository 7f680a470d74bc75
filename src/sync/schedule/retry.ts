// The one place that tries again: p-retry makes the attempts and the growing pauses, the error catalogue says what deserves one.
// Invariant: what finally happened comes out, the last run or the last error, whatever ended the trying.

import pRetry from 'p-retry';
import { type ErrorCode, errorCatalogue, RosterdError } from '../../model/errors.ts';
import type { EpochMs } from '../../model/ids.ts';
import type { Run, RunState } from '../../model/run.ts';
import type { Clock } from '../ports.ts';
import { onceOnly } from './served.ts';

export interface RetryPolicy {
  /** The first pause; each is stretched by a random factor between 1 and 2, so that replicas do not come together. */
  readonly firstMs: number;
  readonly factor: number;
  readonly longestMs: number;
  readonly retries: number;
  /** After those, at this pause for as long as `until` allows: a server that is rebooted is there again long before the next night. */
  readonly slowMs: number;
}

export const usualRetries: RetryPolicy = {
  firstMs: 5_000,
  factor: 3,
  longestMs: 300_000,
  retries: 5,
  slowMs: 1_800_000,
};

export interface RetryFacts {
  /** Number of the attempt to come, so 2 at first. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly errorCode: ErrorCode;
}

export interface RetryRequest {
  /** `n`: its number. */
  readonly attempt: (n: number) => Promise<Run>;
  /** Number of the first attempt; more than 1 goes on with the growing pauses of those before. Default 1. */
  readonly first?: number;
  /** No retry starts from here on: the next scheduled time. Undefined: it will not come, and the slow retries would never end. */
  readonly until: EpochMs | undefined;
  readonly clock: Clock;
  /** Ends a wait at once. The attempt sees to itself. */
  readonly signal: AbortSignal;
  readonly onRetry: (facts: RetryFacts) => void;
  /** What the source asked for at the end of the last attempt (Retry-After): the wait is not shorter. */
  readonly retryAfterMs: () => number | undefined;
  /** Asked after each attempt: what took too long once would take as long again. */
  readonly isFinal?: () => boolean;
  readonly policy?: RetryPolicy;
}

type Outcome = { readonly kind: 'ended'; readonly run: Run } | { readonly kind: 'threw'; readonly error: unknown };

/** Tells p-retry that the attempt wants another one. */
class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
}

/** The last run, or the error of the last attempt thrown on. When the signal has aborted before the first one, its reason. */
export async function withRetries(request: RetryRequest): Promise<Run> {
  const { signal, first = 1, until, policy = usualRetries } = request;
  const quick = Math.max(0, policy.retries - (first - 1));
  const outcomes: Outcome[] = [];
  let doubts = 0;
  const once = async (n: number): Promise<void> => {
    const outcome = await outcomeOf(request.attempt, first - 1 + n);
    outcomes[0] = outcome;
    const code = retryableCode(outcome);
    if (code === onceOnly) doubts += 1;
    if (code !== undefined && doubts < 2 && request.isFinal?.() !== true) throw new AttemptFailed();
  };
  try {
    await pRetry(once, {
      retries: until === undefined ? quick : Number.POSITIVE_INFINITY,
      minTimeout: Math.min(policy.longestMs, policy.firstMs * policy.factor ** (first - 1)),
      factor: policy.factor,
      maxTimeout: policy.longestMs,
      randomize: true,
      signal,
      shouldRetry: ({ attemptNumber, retriesConsumed, retryDelay }) =>
        waitIsWorthIt(request, retryableCode(outcomes[0]), first + attemptNumber, {
          pauseMs: retryDelay,
          atLeastMs: retriesConsumed < quick ? 0 : policy.slowMs,
        }),
    });
  } catch (error) {
    // An end of the trying (spent, too late, aborted) is no news of its own once an attempt was made.
    if (outcomes[0] === undefined) throw error;
  }
  return resultOf(outcomes[0]);
}

async function outcomeOf(attempt: RetryRequest['attempt'], n: number): Promise<Outcome> {
  try {
    return { kind: 'ended', run: await attempt(n) };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

function resultOf(outcome: Outcome | undefined): Run {
  if (outcome?.kind === 'ended') return outcome.run;
  throw outcome?.error;
}

/** `applying`: what broke while it applied; the next attempt applies the rest under the same verdict. */
const unfinished: readonly RunState[] = ['failed', 'partial', 'applying'];

/** The code of what failed, when the catalogue says that trying again may help. Bad credentials never do: directories lock accounts. */
function retryableCode(outcome: Outcome | undefined): ErrorCode | undefined {
  const code = outcome === undefined ? undefined : codeOf(outcome);
  return code !== undefined && errorCatalogue[code].recovery === 'retry' ? code : undefined;
}

function codeOf(outcome: Outcome): ErrorCode | undefined {
  if (outcome.kind === 'ended') return unfinished.includes(outcome.run.state) ? outcome.run.errorCode : undefined;
  const { error } = outcome;
  // Who holds the lease is doing what we came for.
  if (!(error instanceof RosterdError) || error.code === 'run-in-progress') return undefined;
  return error.code;
}

/** A timer holds no more; nobody waits for a source for weeks. */
export const longestTimerMs = 2 ** 31 - 1;

async function waitIsWorthIt(
  { clock, until, signal, onRetry, retryAfterMs }: RetryRequest,
  errorCode: ErrorCode | undefined,
  attempt: number,
  { pauseMs, atLeastMs }: { readonly pauseMs: number; readonly atLeastMs: number },
): Promise<boolean> {
  const waitMs = Math.max(pauseMs, atLeastMs, retryAfterMs() ?? 0);
  if (errorCode === undefined || waitMs > longestTimerMs) return false;
  if (until !== undefined && clock.now() + waitMs >= until) return false;
  onRetry({ attempt, waitMs, errorCode });
  // p-retry waits `pauseMs` by itself; what is wanted beyond that is waited here.
  if (waitMs > pauseMs) await pause(waitMs - pauseMs, signal);
  return true;
}

/** Rejects with the reason of the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
