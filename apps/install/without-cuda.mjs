/**
 * Lets the package be installed where nothing but a registry can be reached.
 *
 * On linux/x64 onnxruntime-node's postinstall downloads its CUDA libraries (some 400 MB) from elsewhere, GPU or not, unless
 * their files exist, and `npm install` fails where that cannot be reached. npm runs the preinstall of every package
 * before the postinstall of any. So this creates the missing files, empty, before (`preinstall`), and removes those that are
 * empty after (`postinstall`). A machine with an NVIDIA GPU, or a flag that says what to install, is left to
 * onnxruntime-node.
 */

import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const FLAGS = ["onnxruntime_node_install", "onnxruntime_node_install_cuda"];
const NVIDIA = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"];

const step = process.argv[2];
for (const path of step === "before" && !isWanted() ? missing() : []) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "", { flag: "a" });
}
for (const path of step === "after" ? libraries() : []) {
  if (existsSync(path) && statSync(path).size === 0) rmSync(path);
}

function isWanted() {
  const flags = FLAGS.flatMap((flag) => [flag.toUpperCase(), `npm_config_${flag}`]);
  return flags.some((flag) => process.env[flag]) || NVIDIA.some((path) => existsSync(path));
}

function missing() {
  return libraries().filter((path) => !existsSync(path));
}

/** What onnxruntime-node would download for this machine, as its own script lists it; empty where it has no such list. */
function libraries() {
  const require = createRequire(import.meta.url);
  try {
    const root = dirname(require.resolve("onnxruntime-node/package.json"));
    const { requirements, manifests } = require("onnxruntime-node/script/install-metadata.js");
    const platform = `${process.platform}/${process.arch}`;
    return (requirements[platform] ?? []).flatMap((/** @type {string} */ name) =>
      Object.keys(manifests[`${platform}:${name}`] ?? {}).map((file) =>
        join(root, "bin/napi-v6", platform, file),
      ),
    );
  } catch {
    // It is not there yet or of another make: its own script decides.
    return [];
  }
}
