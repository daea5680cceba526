# The builder of stdenv.mkDerivation: unpack, patch, build and install, by a package's phases.
# It ends in a shell builtin: a builder whose last command is a program can be killed with it.
export TMPDIR="${TMPDIR:-/tmp}" HOME=/homeless-shelter
runHook() { eval "${1:+\$$1}"; }
substituteInPlace() {
  file=$1
  shift
  while [ $# -ge 3 ]; do
    sed -i "s|$2|$3|g" "$file"
    shift 3
  done
}
phase() {
  [ -n "$2" ] || return 0
  echo "Running phase: $1"
  eval "$2"
}

if [ -n "$buildCommand" ]; then
  eval "$buildCommand"
  exit 0
fi

if [ -z "$dontUnpack" ] && [ -n "$src" ]; then
  if [ -d "$src" ]; then
    cp -R "$src" source
    chmod -R u+w source
    cd source
  else
    cp "$src" .
  fi
fi
phase patchPhase "$patchPhase"
phase configurePhase "$configurePhase"
phase buildPhase "$buildPhase"
[ -z "$doCheck" ] || phase checkPhase "$checkPhase"
if [ -n "$installPhase" ]; then
  phase installPhase "$installPhase"
else
  mkdir -p "$out"
fi
[ -z "$doInstallCheck" ] || phase installCheckPhase "$installCheckPhase"
exit 0
