/**
 * A layer's arguments and options as torch's `extra_repr` shows them. `list` names them in their order: `"size"` stands for
 * the value alone, `"size="` for `size=2`, `"size=1"` for `size=2` too, but for nothing where the value is 1. The values are
 * the layer's fields; a parameter counts as true, what is missing as false, and a list of equal
 * numbers as one of them, as options are mostly written.
 */
export function reprOf(layer: object, list: string): string {
  const shown = list.split(", ").flatMap((entry) => {
    const [name = "", usual] = entry.split("=");
    const value = (layer as Readonly<Record<string, unknown>>)[name] ?? false;
    const plain = Array.isArray(value)
      ? new Set(value).size > 1
        ? `[${value.join(", ")}]`
        : value[0]
      : typeof value === "object" || value;
    return usual === `${plain}` ? [] : usual === undefined ? plain : `${name}=${plain}`;
  });
  return shown.join(", ");
}
