# Sourced by every activation script.
# The words a step may use: run, verboseEcho, noteEcho, warnEcho, errorEcho, and the older
# $DRY_RUN_CMD, $VERBOSE_ECHO, $VERBOSE_ARG.
_i() {
  format=$1
  shift
  # shellcheck disable=SC2059
  printf "$format\n" "$@"
}
noteEcho() { echo "$*"; }
warnEcho() { echo "$*" >&2; }
errorEcho() { echo "$*" >&2; }
verboseEcho() { [ -z "${VERBOSE:-}" ] || echo "$*"; }
run() {
  while :; do
    case "${1:-}" in
      --quiet | --silence) shift ;;
      --) shift; break ;;
      *) break ;;
    esac
  done
  if [ -n "${DRY_RUN:-}" ]; then echo "$*"; else "$@"; fi
}

init() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --driver-version) shift ;;
      *) errorEcho "Unknown option \"$1\""; exit 1 ;;
    esac
    shift
  done
  USER="${USER:-$(id -un)}"
  if [ "$USER" != "$expectedUser" ]; then
    errorEcho "Error: USER is set to \"$USER\" but we expect \"$expectedUser\""
    exit 1
  fi
  if [ "${HOME:-}" != "$expectedHome" ]; then
    errorEcho "Error: HOME is set to \"${HOME:-}\" but we expect \"$expectedHome\""
    exit 1
  fi
  _i "Starting Home Manager activation"
  if [ -n "${DRY_RUN:-}" ]; then
    _i "This is a dry run"
    DRY_RUN_CMD=echo
  else
    _i "This is a live run"
    DRY_RUN_CMD=
  fi
  VERBOSE_ECHO=verboseEcho
  VERBOSE_ARG=
  stateDir="${XDG_STATE_HOME:-$HOME/.local/state}"
  gcroots="$stateDir/home-manager/gcroots"
  profiles="$stateDir/nix/profiles"
  oldGenPath=
  if [ -e "$gcroots/current-home" ]; then
    oldGenPath=$(readlink -f "$gcroots/current-home")
  fi
  export DRY_RUN_CMD VERBOSE_ECHO VERBOSE_ARG USER oldGenPath newGenPath
}

# Names of all files of a generation, relative to the home.
filesOf() { (cd "$1/home-files/" && find . ! -type d | sed 's|^\./||' | sort); }

isOurs() {
  case "$(readlink "$1" 2>/dev/null)" in
    /nix/store/*-home-manager-files/*) return 0 ;;
    *) return 1 ;;
  esac
}

# The user's own file is never overwritten.
checkLinkTargets() {
  collision=
  list=$(filesOf "$newGenPath")
  while IFS= read -r name; do
    [ -n "$name" ] || continue
    target="$HOME/$name"
    source="$newGenPath/home-files/$name"
    if { [ -e "$target" ] || [ -L "$target" ]; } && ! isOurs "$target"; then
      if cmp -s "$source" "$target"; then
        warnEcho "Existing file '$target' is in the way of '$source', will be skipped since they are the same"
      elif [ -n "${HOME_MANAGER_BACKUP_EXT:-}" ] && [ ! -e "$target.$HOME_MANAGER_BACKUP_EXT" ]; then
        warnEcho "Existing file '$target' is in the way of '$source', will be moved to '$target.$HOME_MANAGER_BACKUP_EXT'"
      else
        errorEcho "Existing file '$target' would be clobbered"
        collision=1
      fi
    fi
  done <<LIST
$list
LIST
  if [ -n "$collision" ]; then
    errorEcho "Please do one of the following:
- Move or remove the above files and try again.
- In standalone mode, use 'home-manager switch -b backup' to back up files automatically.
- When used as a NixOS or nix-darwin module, set 'home-manager.backupFileExtension' to, for example, 'backup' and rebuild."
    exit 1
  fi
}

linkGeneration() {
  newFiles=$(readlink -f "$newGenPath/home-files")
  if [ -n "$oldGenPath" ] && [ "$oldGenPath" != "$newGenPath" ]; then
    _i "Cleaning up orphan links from %s" "$HOME"
    list=$(filesOf "$oldGenPath")
    while IFS= read -r name; do
      [ -n "$name" ] || continue
      [ -e "$newFiles/$name" ] || [ -L "$newFiles/$name" ] || ! isOurs "$HOME/$name" || run rm "$HOME/$name"
    done <<LIST
$list
LIST
  fi

  if [ "$oldGenPath" = "$newGenPath" ]; then
    _i "No change so reusing latest profile generation"
  else
    changedGeneration=1
    _i "Creating profile generation"
    number=1
    while [ -L "$profiles/home-manager-$number-link" ]; do number=$((number + 1)); done
    run mkdir -p "$profiles" "$gcroots"
    run ln -s "$newGenPath" "$profiles/home-manager-$number-link"
    run ln -sfn "home-manager-$number-link" "$profiles/home-manager"
    run ln -sfn "$newGenPath" "$gcroots/current-home"
  fi

  _i "Creating home file links in %s" "$HOME"
  list=$(filesOf "$newGenPath")
  while IFS= read -r name; do
    [ -n "$name" ] || continue
    target="$HOME/$name"
    source="$newFiles/$name"
    if [ "$(readlink "$target" 2>/dev/null)" = "$source" ]; then continue; fi
    if [ -e "$target" ] && ! isOurs "$target"; then
      if cmp -s "$source" "$target"; then continue; fi
      run mv "$target" "$target.$HOME_MANAGER_BACKUP_EXT"
    fi
    run mkdir -p "$(dirname "$target")"
    run ln -sfn "$source" "$target"
  done <<LIST
$list
LIST
}

installPackages() {
  path=$(readlink -f "$newGenPath/home-path")
  if [ "$(readlink "$HOME/.nix-profile" 2>/dev/null)" != "$path" ]; then
    run ln -sfn "$path" "$HOME/.nix-profile"
  fi
}
