/** What is at the top of each page: where one is, where else one can go, and who one is. */

const doors = [
  ["/console", "Console"],
  ["/shop", "Shop"],
  ["/_local/editor", "Editor"],
  ["/_local/docs", "Docs"],
] as const;

/** The links to all pages; the one that is open is marked. */
export function Header({ userId }: { readonly userId?: string | undefined }) {
  return (
    <header>
      <a class="brand" href="/">
        Holdfast
      </a>
      <nav aria-label="Pages">
        {doors.map(([href, name]) => (
          <a key={href} href={href} aria-current={location.pathname === href ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {userId === undefined ? null : <span class="who">as {userId}</span>}
    </header>
  );
}
