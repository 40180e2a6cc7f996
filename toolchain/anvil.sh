#!/usr/bin/env bash
# `anvil` on the environment's PATH: npm's own wrapper costs a Node start, this finds the platform's program directly.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
for program in "$here"/node_modules/@foundry-rs/anvil-*/bin/anvil; do
  [ -x "$program" ] && exec "$program" "$@"
done
exec "$here/node_modules/.bin/anvil" "$@"
