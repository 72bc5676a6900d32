/** The host of the cloud: its hub, its scheduler and its store. */
export const HUB = "cloud";
