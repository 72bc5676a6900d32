/**
 * What a Linux control group grants, versions 1 and 2, as pure functions from text. See cgroups(7), the kernel's
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */

/** Where the files of a controller are: the process's own group first, then its parents up to the mount. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/**
 * Finds the folders of `controller` for a process.
 *
 * @param membership text of /proc/self/cgroup
 * @param mounts text of /proc/self/mountinfo
 * @returns null where the controller is not mounted
 */
export function findCgroup(membership: string, mounts: string, controller: string): CgroupFolders | null {
  const groups = membership.split("\n").flatMap((line) => {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    return id === undefined ? [] : [{ controllers: controllers?.split(",") ?? [], path: path ?? "/" }];
  });
  const first = groups.find(({ controllers }) => controllers.includes(controller));
  const unified = groups.find(({ controllers }) => controllers.length === 1 && controllers[0] === "");
  for (const { version, group } of [
    { version: 1 as const, group: first },
    { version: 2 as const, group: unified },
  ]) {
    const mount = mountsOf(mounts).find(({ type, options }) =>
      version === 1 ? type === "cgroup" && options.includes(controller) : type === "cgroup2",
    );
    if (group !== undefined && mount !== undefined) {
      return { version, folders: foldersUpwards(mount.folder, mount.root, group.path) };
    }
  }
  return null;
}

/** Processors granted by a `cpu.max` of version 2 (`150000 100000`); null for no limit. */
export function parseCpuMax(text: string): number | null {
  const [quota = "max", period = "100000"] = text.trim().split(/\s+/);
  return quota === "max" ? null : processors(Number(quota), Number(period));
}

/** Processors granted by `cpu.cfs_quota_us` and `cpu.cfs_period_us` of version 1; null for no limit (`-1`). */
export function parseCfsQuota(quota: string, period: string): number | null {
  return processors(Number(quota), Number(period));
}

/** Microseconds of processor time used by a group, from `cpu.stat` of version 2. */
export function parseCpuUsageUs(stat: string): number | null {
  const match = /^usage_usec (\d+)$/m.exec(stat);
  return match === null ? null : Number(match[1]);
}

/** Bytes granted by `memory.max` or `memory.limit_in_bytes`; null for no limit: `max`, or close to 2^63 in version 1. */
export function parseMemoryLimit(text: string): number | null {
  const bytes = Number(text.trim());
  return text.trim() === "" || !(bytes >= 0) || bytes >= 2 ** 62 ? null : bytes;
}

/** Bytes of a group that the kernel can take back at once, from `memory.stat`: file pages that nobody used lately. */
export function parseInactiveFile(stat: string): number {
  const total = /^total_inactive_file (\d+)$/m.exec(stat) ?? /^inactive_file (\d+)$/m.exec(stat);
  return Number(total?.[1] ?? 0);
}

function processors(quotaUs: number, periodUs: number): number | null {
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : null;
}

interface Mount {
  readonly root: string;
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Lines of mountinfo: `36 35 98:0 /root /folder rw - type source options`, with any number of fields before the dash. */
function mountsOf(mountinfo: string): readonly Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, folder] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (root === undefined || folder === undefined || type === undefined) return [];
    return [{ root, folder, type, options: options.split(",") }];
  });
}

/** A container sees its own group as the root of the mount; elsewhere the group's path lies below the mount's root. */
function foldersUpwards(mountFolder: string, mountRoot: string, path: string): readonly string[] {
  const base = mountRoot === "/" ? "" : mountRoot;
  const inside = path === base || path.startsWith(`${base}/`) ? path.slice(base.length) : "";
  const names = inside.split("/").filter((name) => name !== "" && name !== "..");
  return Array.from({ length: names.length + 1 }, (_, index) =>
    [mountFolder, ...names.slice(0, names.length - index)].join("/"),
  );
}
