/** The page of a hub: signs in, keeps what the hub tells, and shows the part that the address names. */

import type { AlarmReport } from "../../src/task/hub-events.js";
import type { SourceId } from "../../src/task/identity.js";
import { Actors } from "./actors.js";
import { Alarms, unknownOf, useAlarms } from "./alarms.js";
import { connect, type Connection } from "./connection.js";
import { Events } from "./events.js";
import { age } from "./format.js";
import { Ledger } from "./ledger.js";
import { START, withMessage, withoutResults, type Model } from "./model.js";
import { Overview } from "./overview.js";
import { createPictureFeed, type PictureFeed } from "./pictures.js";
import { SignIn, signInByLink, signOut } from "./sign-in.js";
import { Source } from "./source.js";
import { Tokens } from "./tokens.js";
import { Topology } from "./topology.js";
import { html, render, useEffect, useMemo, useState } from "./view.js";

const TOKENS = ["#/tokens", "Tokens"] as const;
const PARTS = [
  ["#/", "Overview"],
  ["#/topology", "Topology"],
  ["#/ledger", "Ledger"],
  ["#/actors", "Actors"],
  ["#/events", "Events"],
] as const;

function Page() {
  const [model, setModel] = useState<Model>(START);
  const [isSignedOut, setSignedOut] = useState(false);
  const [address, setAddress] = useState(location.hash);
  const feed = useMemo(() => createPictureFeed(() => connection), []);
  const connection = useMemo(
    () =>
      connect({
        onState: (state) => setModel((known) => ({ ...known, connection: state })),
        onMessage(message) {
          if (message.type === "picture") feed.receive(message);
          else setModel((known) => withMessage(known, message));
        },
        onSignedOut: () => setSignedOut(true),
      }),
    [],
  );
  useEffect(() => {
    connection.watch("cluster", { topic: "cluster" });
    connection.watch("events", { topic: "events" });
    const moved = (): void => {
      setModel(withoutResults);
      setAddress(location.hash);
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const forgetAudit = (): void => setModel((known) => ({ ...known, audit: null }));
  const alarms = useAlarms(model, connection);
  const unknown = unknownOf(alarms);
  if (isSignedOut) return html`<${SignIn} />`;
  return html`<header>
      <h1>${model.cluster ?? "Sluice"}</h1>
      <nav aria-label="Parts">
        ${[...PARTS, ...(model.maySteer ? [TOKENS] : [])].map(
          ([target, title]) =>
            html`<a key=${target} href=${target} aria-current=${isAt(address, target) ? "page" : undefined}
              >${title}${target === "#/events" && unknown > 0 ? html` <span class="mark">${unknown} ${unknown === 1 ? "alarm" : "alarms"}</span>` : null}</a
            >`,
        )}
      </nav>
      <${State} model=${model} />
      <button class="plain" onClick=${() => void signOut()}>Sign out</button>
    </header>
    <main>
      <${Part}
        alarms=${alarms}
        address=${address}
        model=${model}
        connection=${connection}
        feed=${feed}
        forgetAudit=${forgetAudit}
      />
    </main>`;
}

interface PartProps {
  readonly alarms: readonly AlarmReport[];
  readonly address: string;
  readonly model: Model;
  readonly connection: Connection;
  readonly feed: PictureFeed;
  readonly forgetAudit: () => void;
}

function Part({ alarms, address, model, connection, feed, forgetAudit }: PartProps) {
  const source = /^#\/source\/(.+)$/.exec(address)?.[1];
  if (source !== undefined) {
    // Any name may stand in an address: of one that is no source nothing is known.
    const id = nameOf(source) as SourceId;
    return html`<${Source} key=${id} id=${id} model=${model} connection=${connection} feed=${feed} />`;
  }
  const actors = /^#\/actors(?:\/(.+))?$/.exec(address);
  if (actors !== null) {
    const node = actors[1] === undefined ? null : nameOf(actors[1]);
    return html`<${Actors} node=${node} model=${model} connection=${connection} />`;
  }
  if (address === "#/tokens") return html`<${Tokens} />`;
  if (address === "#/ledger")
    return html`<${Ledger} model=${model} connection=${connection} forgetAudit=${forgetAudit} />`;
  if (address === "#/topology") return html`<${Topology} model=${model} />`;
  if (address === "#/events") {
    return html`<${Alarms} alarms=${alarms} model=${model} connection=${connection} />
      <${Events} model=${model} />`;
  }
  return html`<${Overview} model=${model} feed=${feed} connection=${connection} />`;
}

/** A name as an address has it; what is none stays as it is. */
function nameOf(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Also where a part shows one of several things. */
function isAt(address: string, part: string): boolean {
  return (address || "#/") === part || (part !== "#/" && address.startsWith(`${part}/`));
}

function State({ model }: { readonly model: Model }) {
  const { connection, hub } = model;
  if (connection.type === "lost") {
    return html`<p role="alert" class="problem">
      The hub cannot be reached since ${age(Date.now() - connection.sinceMs)}: what stands here is old
    </p>`;
  }
  return html`<p role="status">
    ${connection.type === "open" ? `live from ${hub ?? "the hub"}${model.maySteer ? "" : ", to look only"}` : "connecting …"}
  </p>`;
}

await signInByLink();
const place = document.getElementById("page");
if (place !== null) render(html`<${Page} />`, place);
