"use strict";
// Finishes package-lock.json (see lock.sh): no addresses, be it of downloads or of donations, and an entry for every
// platform's optional build.
// An entry which the registry at hand could not vouch for has no checksum: npm checks the others, and takes this as it is.

const fs = require("node:fs");
const path = require("node:path");

const FILE = path.join(__dirname, "..", "package-lock.json");
const OS = { linux: "linux", darwin: "darwin", win32: "win32" };
const CPU = { amd64: "x64", x64: "x64", arm64: "arm64" };

const lock = JSON.parse(fs.readFileSync(FILE, "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  delete entry.funding;
}

for (const [where, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (where === "" || `node_modules/${name}` in lock.packages) continue;
    const words = name.split(/[/-]/);
    const os = words.map((word) => OS[word]).find(Boolean);
    const cpu = words.map((word) => CPU[word]).find(Boolean);
    if (!os || !cpu) throw new Error(`${where} wants ${name}, which is not in the lock and names no platform`);
    lock.packages[`node_modules/${name}`] = { version, cpu: [cpu], dev: true, optional: true, os: [os] };
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
fs.writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
