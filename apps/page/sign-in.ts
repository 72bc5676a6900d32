/** The form by which an operator signs in, where the link has not done so already. */

import { fieldOf, html, useState } from "./view.js";

/** By the code in the address, which is taken out of it. @returns whether the browser is signed in by it now */
export async function signInByLink(): Promise<boolean> {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code === undefined) return false;
  history.replaceState(null, "", "/");
  return (await post({ code })) === null;
}

export async function signOut(): Promise<void> {
  await fetch("/session", { method: "DELETE" });
  location.reload();
}

/** @returns what is wrong; null where the browser is signed in */
async function post(proof: Readonly<Record<string, string>>): Promise<string | null> {
  try {
    const response = await fetch("/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(proof),
    });
    return response.ok ? null : await response.text();
  } catch {
    return "The hub cannot be reached";
  }
}

export function SignIn() {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = fieldOf(event, "token");
    const refused = await post({ token: token.trim() });
    if (refused === null) location.reload();
    else setProblem(refused);
  };
  return html`<main class="sign-in">
    <h1>Sluice</h1>
    <p>
      Open the link that the hub printed as it started, or sign in with a token of an operator or a viewer.
    </p>
    <form onSubmit=${submit}>
      <label>
        Token
        <input name="token" type="password" autocomplete="off" required placeholder="ID.SECRET" />
      </label>
      <button>Sign in</button>
    </form>
    ${problem !== null && html`<p role="alert" class="problem">${problem}</p>`}
    <p class="hint"><code>sluice token create --role operator</code> on the hub's machine makes one.</p>
  </main>`;
}
