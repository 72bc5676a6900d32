/** A bounded memory of keys: the newest ones for certain, older ones for a while, at constant cost. */

/** Two generations: the young one fills up, becomes the old one, and the old one before it is forgotten whole. */
export interface RecentKeys {
  /** Newest keys that are remembered for certain; twice as many are held at most. */
  readonly max: number;
  young: Set<string>;
  old: Set<string>;
}

export function createRecentKeys(max: number): RecentKeys {
  return { max, young: new Set(), old: new Set() };
}

export function rememberKey(keys: RecentKeys, key: string): void {
  if (keys.young.size >= keys.max) {
    keys.old = keys.young;
    keys.young = new Set();
  }
  keys.young.add(key);
}

export function hasKey(keys: RecentKeys, key: string): boolean {
  return keys.young.has(key) || keys.old.has(key);
}
