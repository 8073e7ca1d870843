/** Makes a service once for what it is made of. */

// @__NO_SIDE_EFFECTS__
/** A recipe: makes its service once for the same parts. */
export function recipe<Parts extends object, Service>(
  make: (parts: Parts) => Service,
): (parts: Parts) => Service {
  const made = new WeakMap<Parts, { readonly service: Service }>();
  return (parts) => {
    const { service } = made.get(parts) ?? { service: make(parts) };
    made.set(parts, { service });
    return service;
  };
}
