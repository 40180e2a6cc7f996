#!/usr/bin/env bash
# Resolves the dependencies again and writes requirements.lock and package-lock.json. Needs uv and the two registries.
#
# Both files pin names, versions and checksums, and say nothing about where to download from: that is the business of the
# machine that installs. One Python lock serves every Python from 3.11 on and every platform, through markers.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v uv >/dev/null || { echo "lock: needs uv (pip install uv)" >&2; exit 1; }
env -u PIP_FIND_LINKS -u UV_FIND_LINKS -u UV_INDEX -u UV_INDEX_URL uv pip compile pyproject.toml --extra dev \
  --universal --python-version 3.11 --generate-hashes --quiet \
  --no-annotate --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "make lock" --output-file requirements.lock ${UPGRADE:+--upgrade}

# npm leaves builds for other platforms out of the lock when the registry that it asks does not carry them, and `npm ci`
# then refuses the lock everywhere. toolchain/complete-lock.js names them, and removes the download addresses.
npm install --package-lock-only --ignore-scripts --no-fund --no-audit --loglevel=error
node toolchain/complete-lock.js
