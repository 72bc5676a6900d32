/** What runs models on this node, by its name in ONNX Runtime; apart from the runtime itself, so that a node says it and loads none. */
export const EXECUTION_PROVIDER = "cpu";
