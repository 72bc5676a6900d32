/** A bounded memory of the newest delivery by key: the newest keys for certain, older ones for a while, at constant cost. */

/** Two generations: the young one fills up, becomes the old one, and the old one before it is forgotten whole. */
export interface RecentDeliveries {
  /** Newest keys that are remembered for certain; twice as many are held at most. */
  readonly max: number;
  young: Map<string, number>;
  old: Map<string, number>;
}

export function createRecentDeliveries(max: number): RecentDeliveries {
  return { max, young: new Map(), old: new Map() };
}

export function rememberDelivery(recent: RecentDeliveries, key: string, delivery: number): void {
  if (recent.young.size >= recent.max && !recent.young.has(key)) {
    recent.old = recent.young;
    recent.young = new Map();
  }
  recent.young.set(key, Math.max(delivery, newestDelivery(recent, key)));
}

/** 0 where none is remembered. */
export function newestDelivery(recent: RecentDeliveries, key: string): number {
  return recent.young.get(key) ?? recent.old.get(key) ?? 0;
}
