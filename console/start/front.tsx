/** The first page of a stack: what stands behind it, and the ways in. */
import { render } from "preact";
import { Header } from "../parts/header.tsx";

const doors = [
  ["/console", "Console", "For operators: stock, locks, money at risk, and everything's history."],
  ["/openapi.json", "API", "What shops and their pages ask, as OpenAPI."],
] as const;

function Front() {
  return (
    <>
      <Header />
      <main>
        <h1>Nothing is sold twice</h1>
        <p>Orders, carts, stock and locks are served from here.</p>
        <ul class="doors">
          {doors.map(([href, name, text]) => (
            <li key={href}>
              <a href={href}>{name}</a>
              <p>{text}</p>
            </li>
          ))}
        </ul>
      </main>
    </>
  );
}

render(<Front />, document.body);
