/**
 * A process with nothing to do, which says when asked what it has used. Usage: by `fork`, with its role, the hub's URL and a number.
 * What a role does not need it does not load.
 */

/** `none` is Node alone; a crowd is many members in one process, without the components of a node. */
export type IdleRole = "none" | "edge" | "hub" | "crowded-hub" | "crowd";

export interface IdleUsage {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly residentBytes: number;
}

const [role = "none", url = "", count = "1"] = process.argv.slice(2);
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const usage: IdleUsage = {
    atMs: performance.now(),
    cpuMs: (user + system) / 1_000,
    residentBytes: process.memoryUsage.rss(),
  };
  process.send?.(usage);
});
process.once("disconnect", () => process.exit());
// Both ends are this folder.
process.send?.(await start(role as IdleRole));

/** @returns where it is reached */
async function start(as: IdleRole): Promise<string> {
  if (as === "edge" || as === "hub") return await startWhole(as);
  if (as === "crowded-hub" || as === "crowd") return await startMembers(as);
  return "";
}

async function startWhole(as: "edge" | "hub"): Promise<string> {
  const { startNode } = await import("../../../src/node/node.js");
  const { MemoryStore } = await import("../../../src/storage/results/memory-store.js");
  const { SERVICES } = await import("../../../src/services/catalogue.js");
  const { silentLogger } = await import("../../../src/runtime/log.js");
  const node = await startNode({
    ...(as === "hub"
      ? { name: "cloud", listen: "ws://127.0.0.1:0", store: new MemoryStore() }
      : { name: "edge-1", join: url }),
    services: SERVICES,
    log: silentLogger,
  });
  return node.cluster?.url ?? "";
}

async function startMembers(as: "crowded-hub" | "crowd"): Promise<string> {
  const { systemClock } = await import("../../../src/runtime/clock.js");
  const { silentLogger } = await import("../../../src/runtime/log.js");
  const { createActorSystem } = await import("../../../src/runtime/system.js");
  const { createWsCarrier } = await import("../../../src/transport/carriers/ws.js");
  const { startHub } = await import("../../../src/transport/cluster/hub.js");
  const { joinCluster } = await import("../../../src/transport/cluster/joiner.js");
  const carrier = createWsCarrier({ clock: systemClock });
  if (as === "crowded-hub") {
    const hub = await startHub(createActorSystem({ name: "hub", log: silentLogger }), {
      carrier,
      listen: { url: "ws://127.0.0.1:0" },
      authority: null,
    });
    return hub.url ?? "";
  }
  for (let member = 0; member < Number(count); member += 1) {
    const system = createActorSystem({ name: `node-${member}`, log: silentLogger });
    // On a machine that others keep busy a join may take longer than the hub waits.
    const join = (): Promise<unknown> => joinCluster(system, { carrier, connect: { url }, token: null });
    await join().catch(join).catch(join);
  }
  return "joined";
}
