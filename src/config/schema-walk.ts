// Looks into zod schemas: which keys are known at a place of the file.

import { z } from 'zod';
import type { ConfigPath } from './document.ts';

/** The schema and what it wraps (defaults, optional, transforms, unions), down to objects, records and lists. */
function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap());
  }
  return [schema];
}

function step(schema: z.core.$ZodType, key: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    const inner = Object.hasOwn(shape, key) ? shape[key] : undefined;
    return inner === undefined ? [] : unwrap(inner);
  }
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType);
  if (schema instanceof z.ZodArray) return unwrap(schema.element);
  return [];
}

/** The keys that the schema knows at `path`; empty where any key goes. */
export function knownKeys(schema: z.core.$ZodType, path: ConfigPath): readonly string[] {
  let candidates = unwrap(schema);
  for (const key of path) candidates = candidates.flatMap((candidate) => step(candidate, key));
  return candidates.flatMap((candidate) => (candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : []));
}
