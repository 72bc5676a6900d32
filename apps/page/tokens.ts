/** The tokens by which nodes join, and people and programs operate the hub or look at it: to make one, and to revoke one. */

import type { TokenReport } from "../../src/transport/security/token-directory.js";
import { useAttempt } from "./attempt.js";
import { fieldOf, html, useEffect, useState } from "./view.js";

interface Told {
  readonly tokens: readonly TokenReport[];
  /** One that was just made: it cannot be shown again. */
  readonly token?: string;
}

const DAY_MS = 24 * 3_600_000;

/** @throws Error with the hub's words */
async function order(what: Readonly<Record<string, unknown>>): Promise<Told> {
  const response = await fetch("/tokens", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(what),
  });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as Told;
}

export function Tokens() {
  const [{ tokens, token }, setTold] = useState<Told>({ tokens: [] });
  const [said, attempt] = useAttempt();
  useEffect(() => {
    void order({ do: "list" }).then(setTold, () => {});
  }, []);
  const create = (event: SubmitEvent): void => {
    event.preventDefault();
    const [role, label] = [fieldOf(event, "role"), fieldOf(event, "label")];
    const ttlMs = Math.round(Number(fieldOf(event, "days")) * DAY_MS);
    void attempt(`A token of the role ${role} is made`, async () =>
      setTold(await order({ do: "create", role, ttlMs, label })),
    );
  };
  const revoke = (id: string): void => {
    if (!confirm(`Revoke ${id}? Whoever came by it is cut off.`)) return;
    void attempt(`${id} is revoked`, async () => setTold(await order({ do: "revoke", id })));
  };
  return html`<section aria-labelledby="tokens">
    <h2 id="tokens">Tokens</h2>
    <form class="order" onSubmit=${create} aria-label="Make a token">
      <label>
        Role
        <select name="role">
          <option value="edge">edge: a node joins</option>
          <option value="viewer">viewer: looks, and orders nothing</option>
          <option value="operator">operator: orders everything</option>
        </select>
      </label>
      <label>Days <input name="days" inputmode="decimal" required defaultValue="1" /></label>
      <label>Label <input name="label" maxlength="100" /></label>
      <button>Make a token</button>
    </form>
    ${said}
    ${
      token !== undefined &&
      html`<p>Copy it now, as it cannot be shown again: <code class="token">${token}</code></p>`
    }
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col">Status</th>
            <th scope="col">Role</th>
            <th scope="col">Admits until</th>
            <th scope="col">Nodes</th>
            <th scope="col">Label</th>
            <th scope="col">Order</th>
          </tr>
        </thead>
        <tbody>
          ${tokens.map(
            ({ id, status, roles, expiresAtMs, nodes, label }) =>
              html`<tr key=${id}>
                <th scope="row">${id}</th>
                <td>${status}</td>
                <td>${roles.join(", ")}</td>
                <td>${new Date(expiresAtMs).toLocaleString("en", { hour12: false })}</td>
                <td>${nodes.join(", ")}</td>
                <td>${label ?? ""}</td>
                <td>
                  ${
                    status !== "revoked" &&
                    html`<button aria-label=${`Revoke ${id}`} onClick=${() => revoke(id)}>Revoke</button>`
                  }
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
