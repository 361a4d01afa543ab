import { kindOf } from "../shape/brand.js";
import { isList } from "../shape/check.js";
import type { Random } from "../tensor/random.js";

/** The generators in an object's fields, and in arrays and plain objects there, however deep. */
export function generatorsIn(holder: object, path: readonly object[] = []): Random[] {
  return Object.values(holder).flatMap((value: unknown) => {
    if (kindOf(value) === "Random") return [value as Random];
    return isList(value) && !path.includes(value) ? generatorsIn(value, [...path, value]) : [];
  });
}
