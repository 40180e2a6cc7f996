#!/usr/bin/env bash
# Makes everything a fresh clone needs: .venv/ (Python side) and node_modules/ (compiler, local chain, contract library).
# Does nothing when both already match the lock files. `make setup` runs it; PYTHON=python3.12 chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

SOLC_VERSION=0.8.30
say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Whether `$1`, which must be up to date, is what `$2` was made from.
same() { cmp -s "$1" "$2"; }

choose_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  die "needs Python 3.11, 3.12 or 3.13, found $("${PYTHON:-python3}" --version 2>/dev/null || echo "no ${PYTHON:-python3}")." \
    "Say which to use: make setup PYTHON=/path/to/python3.12"
}

check_node() {
  local version
  command -v node >/dev/null || die "needs Node.js 20 or newer (the Solidity compiler and the local chain come from npm); no node on PATH"
  command -v npm >/dev/null || die "needs npm (it comes with Node.js); no npm on PATH"
  version=$(node -p process.versions.node)
  [ "${version%%.*}" -ge 20 ] || die "needs Node.js 20 or newer; $(command -v node) is $version"
}

python_side() {
  local python made_by
  python=$(choose_python)
  made_by="$PWD, $("$python" -c 'import sys; print(sys.version, sys.base_prefix)')"
  say "Python packages -> .venv ($("$python" --version), from requirements.lock)"
  # What was left half made, or made elsewhere or by another Python, is made anew.
  [ -f .venv/installed.lock ] && [ "$(cat .venv/made-by 2>/dev/null)" = "$made_by" ] || rm -rf .venv
  rm -f .venv/installed.lock

  local pip=(.venv/bin/python -m pip)
  if ! "$python" -m venv .venv >/dev/null 2>&1; then
    # Debian's Python may come without what puts pip into an environment; its own pip can install from outside.
    rm -rf .venv
    "$python" -m venv --without-pip .venv && "$python" -m pip --version >/dev/null 2>&1 ||
      die "$python has neither ensurepip nor pip (Debian: install python3-venv); say which Python has: make setup PYTHON=..."
    pip=("$python" -m pip --python .venv/bin/python)
  fi
  "${pip[@]}" install --quiet --no-deps --require-hashes --requirement requirements.lock
  printf '%s\n' "$made_by" >.venv/made-by
  cp requirements.lock .venv/installed.lock
}

node_side() {
  say "Node packages -> node_modules (from package-lock.json)"
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
  cp package-lock.json node_modules/.installed.lock
}

python_is_ready() {
  same requirements.lock .venv/installed.lock && { [ -L .venv ] || [[ "$(cat .venv/made-by 2>/dev/null)" == "$PWD, "* ]]; }
}
node_is_ready() { same package-lock.json node_modules/.installed.lock; }

# What turns the environment into the project's: our package, the compiler and the chain, found by name.
links() {
  [ ! -L .venv ] || return 0 # somebody else's environment, borrowed
  local site wanted
  wanted=$(cat pyproject.toml toolchain/setup.sh toolchain/environment.py | cksum)
  [ "$wanted" != "$(cat .venv/linked 2>/dev/null)" ] || return 0
  say "provenwork, solc $SOLC_VERSION and anvil -> .venv"
  .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .

  mkdir -p .venv/solc
  ln -sfn ../../toolchain/solc.js ".venv/solc/solc-v$SOLC_VERSION"
  ln -sfn ../../toolchain/anvil.sh .venv/bin/anvil

  # Read at every start of this environment's Python, activated or not: ape finds the compiler and anvil by these two.
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  cp toolchain/environment.py "$site/_provenwork_environment.py"
  echo "import _provenwork_environment" >"$site/provenwork_environment.pth"
  .venv/bin/python -c 'import ape, ape_foundry, ape_solidity, ezkl' || die "the Python packages are installed but do not load"
  .venv/bin/anvil --version >/dev/null || die "anvil does not start (node_modules/@foundry-rs has no build for this platform?)"
  ".venv/solc/solc-v$SOLC_VERSION" --version >/dev/null || die "the Solidity compiler does not start"
  printf '%s\n' "$wanted" >.venv/linked
}

if [ -L .venv ] && ! python_is_ready; then
  die ".venv is another clone's ($(readlink -f .venv)) and has other packages: run make setup there"
fi
node_is_ready || check_node # before the long part
python_is_ready || python_side
node_is_ready || node_side
links
