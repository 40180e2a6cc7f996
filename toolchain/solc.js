#!/usr/bin/env node
"use strict";
// The Solidity compiler as a program: npm's `solc` behind the command line of the native compiler.
//
// py-solc-x (used by ape-solidity) runs `$SOLCX_BINARY_PATH/solc-v<version>`; set-up links that name to this file, so
// that a machine which cannot download the native compiler still compiles, to the same bytecode.
//
//   solc --version
//   solc --standard-json [--base-path DIR] [--include-path DIR ...] [--allow-paths DIR,...]  < input.json
//   solc --combined-json LIST [--optimize] [--via-ir] [--evm-version V] [name=path ...] FILE ...    (what slither asks for)
//
// Files are read only below the base path, the include paths and the allowed paths, as the native compiler does.

const fs = require("node:fs");
const path = require("node:path");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const VERSION = "0.8.30+commit.73712a01"; // what package.json pins; anything else asks the compiler itself
const STACK_MB = 64; // the code generator recurses deeper than Node's one megabyte on large contracts with via-IR

if (isMainThread) main(process.argv.slice(2));
else parentPort.postMessage(compiler().compile(workerData.input, reader(workerData.roots)));

function main(argv) {
  const options = parse(argv);
  if (options.version) {
    console.log("solc, the solidity compiler commandline interface");
    console.log(`Version: ${version()}.Emscripten.clang`);
    return;
  }
  if (options.standardJson) {
    const input = fs.readFileSync(options.files[0] ?? 0, "utf8");
    compile(input, roots(options), write);
    return;
  }
  if (options.combinedJson !== undefined) {
    compile(JSON.stringify(combinedInput(options)), roots(options), (output) => combined(options, JSON.parse(output)));
    return;
  }
  fail("solc.js: nothing to do; it knows --version, --standard-json and --combined-json");
}

// --- command line ---------------------------------------------------------------------------------------------------

function parse(argv) {
  const options = { files: [], remappings: [], includePaths: [], allowPaths: [], runs: 200 };
  const args = argv.flatMap((arg) => (/^--[a-z-]+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg]));
  while (args.length > 0) {
    const arg = args.shift();
    if (arg === "--version") options.version = true;
    else if (arg === "--standard-json") options.standardJson = true;
    else if (arg === "--combined-json") options.combinedJson = args.shift();
    else if (arg === "--base-path") options.basePath = args.shift();
    else if (arg === "--include-path") options.includePaths.push(args.shift());
    else if (arg === "--allow-paths") options.allowPaths.push(...args.shift().split(",").filter(Boolean));
    else if (arg === "--optimize") options.optimize = true;
    else if (arg === "--optimize-runs") options.runs = Number(args.shift());
    else if (arg === "--via-ir") options.viaIR = true;
    else if (arg === "--evm-version") options.evmVersion = args.shift();
    else if (arg === "-") continue;
    else if (arg.startsWith("-")) fail(`solc.js: unknown option ${arg}`);
    else if (arg.includes("=")) options.remappings.push(arg);
    else options.files.push(arg);
  }
  return options;
}

function version() {
  const installed = require("solc/package.json").version;
  return VERSION.startsWith(`${installed}+`) ? VERSION : compiler().version().replace(/\.Emscripten\.clang$/, "");
}

// --- reading files --------------------------------------------------------------------------------------------------

function roots(options) {
  const base = path.resolve(options.basePath ?? ".");
  // Ape compiles a copy of the sources in a temporary folder, without node_modules: those are found beside this file's folder.
  const search = [base, ...options.includePaths.map((dir) => path.resolve(dir)), path.dirname(__dirname)];
  const files = options.standardJson ? [] : options.files.map((file) => path.dirname(path.resolve(file)));
  const targets = options.remappings.map((remapping) => path.resolve(base, remapping.slice(remapping.indexOf("=") + 1)));
  const allowed = [...search, ...options.allowPaths.map((dir) => path.resolve(base, dir)), ...files, ...targets];
  // A dependency folder may be a link to somewhere else: what it points to is as allowed as the link.
  return { search, allowed: [...new Set(allowed.flatMap((dir) => [dir, real(dir)]))] };
}

function real(file) {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

function reader({ search, allowed }) {
  const inside = (file) => allowed.some((dir) => file === dir || file.startsWith(dir.endsWith(path.sep) ? dir : dir + path.sep));
  return {
    import(name) {
      for (const dir of search) {
        const file = path.resolve(dir, name.replace(/^file:\/\//, ""));
        if (!fs.existsSync(file)) continue;
        if (!inside(file)) return { error: `File outside of allowed directories: ${file}` };
        return { contents: fs.readFileSync(file, "utf8") };
      }
      return { error: `Source "${name}" not found below ${search.join(", ")}` };
    },
  };
}

// --- compiling ------------------------------------------------------------------------------------------------------

function compiler() {
  const listeners = process.listeners("uncaughtException");
  const rejections = process.listeners("unhandledRejection");
  const solc = require("solc");
  // Emscripten installs handlers that hide every later error.
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  for (const listener of listeners) process.on("uncaughtException", listener);
  for (const listener of rejections) process.on("unhandledRejection", listener);
  return solc;
}

function compile(input, dirs, done) {
  const worker = new Worker(__filename, { workerData: { input, roots: dirs }, resourceLimits: { stackSizeMb: STACK_MB } });
  worker.on("message", done);
  worker.on("error", (error) => fail(`solc.js: ${error.stack ?? error}`));
}

function write(text) {
  const bytes = Buffer.from(`${text}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

// --- --combined-json ------------------------------------------------------------------------------------------------

function combinedInput(options) {
  const base = path.resolve(options.basePath ?? ".");
  const name = (file) => (path.isAbsolute(file) && options.basePath ? path.relative(base, file) : file);
  const sources = Object.fromEntries(options.files.map((file) => [name(file), { content: fs.readFileSync(file, "utf8") }]));
  const settings = {
    remappings: options.remappings,
    optimizer: { enabled: Boolean(options.optimize), runs: options.runs },
    outputSelection: {
      "*": {
        "": ["ast"],
        "*": ["abi", "metadata", "userdoc", "devdoc", "storageLayout", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers"],
      },
    },
  };
  if (options.viaIR) settings.viaIR = true;
  if (options.evmVersion) settings.evmVersion = options.evmVersion;
  return { language: "Solidity", sources, settings };
}

function combined(options, output) {
  for (const error of output.errors ?? []) process.stderr.write(`${error.formattedMessage}\n`);
  if ((output.errors ?? []).some((error) => error.severity === "error")) process.exit(1);
  const wanted = new Set(options.combinedJson.split(","));
  const fields = {
    abi: (c) => c.abi,
    bin: (c) => c.evm.bytecode.object,
    "bin-runtime": (c) => c.evm.deployedBytecode.object,
    srcmap: (c) => c.evm.bytecode.sourceMap,
    "srcmap-runtime": (c) => c.evm.deployedBytecode.sourceMap,
    hashes: (c) => c.evm.methodIdentifiers,
    metadata: (c) => c.metadata,
    userdoc: (c) => c.userdoc,
    devdoc: (c) => c.devdoc,
    "storage-layout": (c) => c.storageLayout,
  };
  const contracts = {};
  for (const [file, units] of Object.entries(output.contracts ?? {})) {
    for (const [unit, contract] of Object.entries(units)) {
      const picked = Object.entries(fields).filter(([field]) => wanted.has(field));
      contracts[`${file}:${unit}`] = Object.fromEntries(picked.map(([field, read]) => [field, read(contract)]));
    }
  }
  const byId = Object.entries(output.sources).sort(([, a], [, b]) => a.id - b.id);
  const answer = { contracts, sourceList: byId.map(([file]) => file), version: version() };
  if (wanted.has("ast")) answer.sources = Object.fromEntries(byId.map(([file, source]) => [file, { AST: source.ast }]));
  write(JSON.stringify(answer));
}
