// The kinds of values that the configuration has: text, durations, shares, patterns, references to secrets.

import { z } from 'zod';
import type { SecretRef } from './config.ts';

/** Text with at least one visible character. Numbers are not coerced: `0123` without quotes is a number in YAML. */
export const textSchema = z.string().regex(/\S/u, { error: 'must not be empty' });

const msPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const durationPattern = /^(\d{1,9})\s?(ms|s|m|h|d|w)$/u;
const maxDurationMs = 3_660 * msPerUnit.d;
const durationError = 'is not a duration: write a whole number and a unit, like 90s, 15m, 24h, 30d or 2w';

/** `90s` -> 90000. Undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = durationPattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * msPerUnit[unit as keyof typeof msPerUnit];
}

/** Text like `24h` in, milliseconds out. */
export const durationSchema = z
  .string({ error: durationError })
  .regex(durationPattern, { error: durationError })
  .refine((text) => (parseDuration(text) ?? 0) <= maxDurationMs, { error: 'is longer than ten years' })
  .transform((text) => parseDuration(text) ?? 0);

const percentPattern = /^(\d{1,3}(?:\.\d{1,6})?)\s?%$/u;
const ratioError = 'is not a share: write a percentage like 5 %, or a number from 0 to 1 like 0.05';

/** `5 %` or 0.05 -> 0.05. Undefined when it is neither. A bare 5 is refused: nobody can tell 5 % from 500 %. */
export function parseRatio(value: string | number): number | undefined {
  const percent = typeof value === 'string' ? percentPattern.exec(value)?.[1] : undefined;
  const ratio = typeof value === 'number' ? value : percent === undefined ? undefined : Number(percent) / 100;
  return ratio !== undefined && ratio >= 0 && ratio <= 1 ? ratio : undefined;
}

/** A percentage or a number from 0 to 1 in, a number from 0 to 1 out. */
export const ratioSchema = z
  .union([z.number(), z.string()], { error: ratioError })
  .refine((value) => parseRatio(value) !== undefined, { error: ratioError })
  .transform((value) => parseRatio(value) ?? 0);

/** A list without repetitions, because a word given twice is a slip that hides another one. */
export function uniqueList<Item extends z.ZodType<string>>(item: Item) {
  return z.array(item).superRefine((items, context) => {
    const seen = new Set<string>();
    for (const [index, value] of items.entries()) {
      if (seen.has(value)) context.addIssue({ code: 'custom', path: [index], message: 'is in this list twice' });
      seen.add(value);
    }
  });
}

/** A glob-like pattern on names: `*` stands for any text, everything else for itself, letters of either case being equal. */
export const patternSchema = textSchema.refine((text) => !/\*\*/u.test(text), {
  error: 'has ** where one * is enough',
});

export const secretAdvice =
  'must say where the secret is, not the secret itself: write { file: /path/to/file } or { env: NAME_OF_A_VARIABLE }';

/** A reference to a secret. */
export const secretSchema = z
  .strictObject(
    {
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u, { error: 'is not the name of an environment variable' })
        .optional(),
      file: textSchema.optional(),
    },
    { error: (issue) => (issue.code === 'invalid_type' && issue.input !== undefined ? secretAdvice : undefined) },
  )
  .superRefine((value, context) => {
    if ((value.env === undefined) === (value.file === undefined)) {
      context.addIssue({ code: 'custom', message: 'must have exactly one of env and file' });
    }
  })
  .transform((value): SecretRef => (value.env === undefined ? { file: value.file ?? '' } : { env: value.env }))
  .meta({
    description: 'Where the secret is: { file: /path } or { env: NAME }. Never the secret itself.',
    minProperties: 1,
    maxProperties: 1,
  });
