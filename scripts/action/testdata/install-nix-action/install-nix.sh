#!/usr/bin/env bash
# The configuration is the real one's, without the parts that have nothing to do with tokens,
# and is in $NIX_CONF_DIR. The Nix is $STAND_IN_NIX. Before each run of Nix, the script writes
# to $STAND_INS/leaks where it finds the lines of $STAND_INS/secrets.
set -euo pipefail

if nix_path="$(type -p nix)"; then
  echo "Aborting: Nix is already installed at ${nix_path}"
  exit
fi

mkdir -p "$NIX_CONF_DIR"
add_config() {
  echo "$1" >>"$NIX_CONF_DIR/nix.conf"
}
add_config "show-trace = true"
if [[ -n "${INPUT_GITHUB_ACCESS_TOKEN:-}" ]]; then
  add_config "access-tokens = github.com=$INPUT_GITHUB_ACCESS_TOKEN"
elif [[ -n "${GITHUB_TOKEN:-}" ]]; then # the real one also checks that the server is github.com; the tests use another
  add_config "access-tokens = github.com=$GITHUB_TOKEN"
fi
if [[ -n "${INPUT_EXTRA_NIX_CONFIG:-}" ]]; then
  add_config "$INPUT_EXTRA_NIX_CONFIG"
fi
add_config "experimental-features = nix-command flakes"

mkdir -p "$STAND_INS/nix/bin"
cat >"$STAND_INS/nix/bin/nix" <<'NIX'
#!/bin/sh
{
  env | grep -Ff "$STAND_INS/secrets"
  cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -aFf "$STAND_INS/secrets"
  grep -rsFf "$STAND_INS/secrets" "$NIX_CONF_DIR" "$GITHUB_WORKSPACE" "$RUNNER_TEMP" "$HOME"/.config "$HOME"/.gitconfig "$HOME"/.netrc
  echo run >>"$STAND_INS/runs"
} >>"$STAND_INS/leaks"
exec "$STAND_IN_NIX" "$@"
NIX
chmod +x "$STAND_INS/nix/bin/nix"
echo "$STAND_INS/nix/bin" >>"$GITHUB_PATH"
