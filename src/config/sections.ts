// Plain data by path, without trusting its shape.

export type Section = Readonly<Record<string, unknown>>;

export const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined when any step is missing or not a section. */
export function valueAt(section: unknown, path: readonly string[]): unknown {
  let value = section;
  for (const key of path) {
    if (!isSection(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** A copy with the value at `path` replaced, or taken out when it is undefined; sections on the way are made when missing. */
export function withValueAt(section: Section, path: readonly string[], value: unknown): Section {
  const [key, ...rest] = path;
  if (key === undefined) return section;
  const { [key]: inner, ...others } = section;
  if (rest.length === 0) return value === undefined ? others : { ...others, [key]: value };
  return { ...others, [key]: withValueAt(isSection(inner) ? inner : {}, rest, value) };
}
