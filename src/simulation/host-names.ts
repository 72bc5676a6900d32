/** The host of the cloud: its hub, its scheduler and its store. */
export const HUB = "cloud";
/** Where it listens. */
export const HUB_URL = `memory://${HUB}`;
/** The host of whoever runs the cluster. */
export const OPERATOR = "operator";
