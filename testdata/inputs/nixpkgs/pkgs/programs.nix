# Programs by their usual names. Each is a script that prints its name: enough to be in a
# profile and to be started, which is all that a configuration needs of most programs. Those that a
# booted host cannot do without start the Debian program of the same name, which the test machine
# has; daemons print their name and keep running.
{ lib }:
final: _:
let
  fake =
    pname: version: extra:
    final.stdenv.mkDerivation {
      inherit pname version;
      buildCommand = ''
        mkdir -p $out/bin $out/share/doc/${pname}
        for name in ${lib.escapeShellArgs (extra.programs or [ (extra.meta.mainProgram or pname) ])}; do
          printf '#!%s\necho "${pname} ${version} (stand-in)"\n' ${final.runtimeShell} > $out/bin/$name
        done
        for name in ${lib.escapeShellArgs (extra.daemons or [ ])}; do
          printf '#!%s\necho "${pname} ${version} (stand-in)"\nexec ${final.busybox}/bin/sleep infinity\n' ${final.runtimeShell} > $out/bin/$name
        done
        chmod +x $out/bin/*
        echo "${pname} ${version}, a stand-in" > $out/share/doc/${pname}/README
      '';
      passthru = extra.passthru or { };
      meta = {
        description = "A stand-in for ${pname}";
        license = lib.licenses.mit;
        mainProgram = pname;
        platforms = lib.platforms.unix;
      }
      // extra.meta or { };
    };
  # Programs that start Debian's.
  debian =
    pname: version: programs: extra:
    (fake pname version (extra // { inherit programs; })).overrideAttrs (old: {
      buildCommand = ''
        ${old.buildCommand}
        for name in ${lib.escapeShellArgs programs}; do
          cat > $out/bin/$name <<EOF
        #!${final.runtimeShell}
        for real in /usr/bin/$name /usr/sbin/$name; do
          if [ -x \$real ]; then exec \$real "\$@"; fi
        done
        echo "${pname} ${version} (stand-in): there is no $name of Debian's here" >&2
        exit 127
        EOF
        done
        ${extra.more or ""}
      '';
    });
  linux.meta.platforms = lib.platforms.linux;
  unfree.meta = {
    license = lib.licenses.unfree;
    platforms = [ "x86_64-linux" ];
  };
  shell = pname: version: fake pname version { passthru.shellPath = "/bin/${pname}"; };
  daemon = name: linux // { daemons = [ name ]; };
  main = mainProgram: { meta = { inherit mainProgram; }; };

  versions = {
    alacritty = "0.16.1";
    alejandra = "4.0.0";
    age = "1.2.1";
    bat = "0.26.0";
    cowsay = "3.8.4";
    curl = "8.17.0";
    delve = "1.25.2";
    direnv = "2.37.1";
    eza = "0.23.4";
    fd = "10.3.0";
    figlet = "2.2.5";
    file = "5.45";
    firefox = "145.0";
    fzf = "0.66.1";
    gh = "2.83.0";
    git = "2.51.2";
    gnumake = "4.4.1";
    go = "1.25.4";
    gopls = "0.20.0";
    helix = "25.7";
    hello = "2.12.2";
    htop = "3.4.1";
    btop = "1.4.5";
    inkscape = "1.4.2";
    jq = "1.8.1";
    just = "1.43.0";
    lazygit = "0.56.0";
    libreoffice = "25.8.2";
    nano = "8.7";
    neovim = "0.11.5";
    nil = "2025-06-13";
    nixd = "2.7.0";
    nixfmt = "1.1.0";
    nixpkgs-fmt = "1.3.0";
    nodejs = "22.21.1";
    pciutils = "3.14.0";
    pipewire = "1.4.9";
    python3 = "3.13.9";
    restic = "0.18.1";
    ripgrep = "15.1.0";
    rsync = "3.4.1";
    rustc = "1.91.1";
    cargo = "1.91.1";
    shellcheck = "0.11.0";
    sops = "3.11.0";
    ssh-to-age = "1.2.0";
    starship = "1.24.1";
    teams-for-linux = "2.6.13";
    thunderbird = "144.0";
    tmux = "3.5a";
    tree = "2.2.1";
    treefmt = "2.4.0";
    vim = "9.1";
    vlc = "3.0.21";
    wget = "1.25.0";
    unzip = "6.0";
  };
in
lib.mapAttrs (pname: version: fake pname version { }) versions
// {
  bash = debian "bash" "5.3" [ "bash" ] { passthru.shellPath = "/bin/bash"; } // { shellPath = "/bin/bash"; };
  bashInteractive = final.bash;
  zsh = shell "zsh" "5.9";
  fish = shell "fish" "4.2.0";
  ripgrep = fake "ripgrep" versions.ripgrep (main "rg");
  neovim = fake "neovim" versions.neovim (main "nvim");
  helix = fake "helix" versions.helix (main "hx");
  gnumake = fake "gnumake" versions.gnumake (main "make");
  nodejs = fake "nodejs" versions.nodejs (main "node");
  nixfmt-rfc-style = final.nixfmt;
  nixfmt-tree = fake "treefmt" versions.treefmt { };
  python3 = fake "python3" versions.python3 { };
  coreutils = final.busybox;
  openssh = debian "openssh" "10.2p1" [ "ssh" "sshd" "ssh-keygen" "scp" ] { meta.mainProgram = "ssh"; };
  nix = fake "nix" "2.31.2" { };
  systemd = debian "systemd" "258.2" [ "busctl" "journalctl" "loginctl" "networkctl" "systemctl" "systemd-analyze" "systemd-cat" "systemd-cgls" "systemd-detect-virt" "systemd-escape" "systemd-notify" "systemd-run" "systemd-tmpfiles" ] (
    linux
    // {
      more = ''
        mkdir -p $out/lib/systemd
        ln -s /usr/lib/systemd/systemd $out/lib/systemd/systemd
      '';
    }
  );
  util-linux = debian "util-linux" "2.41.2" [ "agetty" "findmnt" "flock" "logger" "lsblk" "mount" "runuser" "setpriv" "umount" "unshare" ] linux;
  qemu_guest_agent = debian "qemu-ga" "10.1.2" [ "qemu-ga" ] linux;
  # The machine's own programs, wherever they are.
  qemu = final.stdenv.mkDerivation {
    pname = "qemu";
    version = "10.1.2";
    buildCommand = ''
      mkdir -p $out/bin
      for name in qemu-system-x86_64 qemu-img; do
        printf '#!%s\nexec %s "$@"\n' ${final.runtimeShell} $name > $out/bin/$name
      done
      chmod +x $out/bin/*
    '';
  };
  linux = fake "linux" "6.12.58" linux;
  docker = fake "docker" "28.5.2" (daemon "dockerd");
  podman = fake "podman" "5.7.0" linux;
  tailscale = fake "tailscale" "1.90.6" { daemons = [ "tailscaled" ]; };
  cifs-utils = fake "cifs-utils" "7.4" { programs = [ "mount.cifs" ]; meta.platforms = lib.platforms.linux; };
  networkmanager = fake "networkmanager" "1.54.1" (daemon "NetworkManager" // { programs = [ "nmcli" ]; });
  dejavu_fonts = fake "dejavu-fonts" "2.37" { };
  noto-fonts = fake "noto-fonts" "2025.11.01" { };
  noto-fonts-color-emoji = fake "noto-fonts-color-emoji" "2.051" { };
  gamemode = fake "gamemode" "1.8.2" linux;
  mangohud = fake "mangohud" "0.8.1" linux;
  lutris = fake "lutris" "0.5.19" linux;
  steam = fake "steam" "1.0.0.85" unfree;
  vscode = fake "vscode" "1.106.0" { meta.license = lib.licenses.unfree; meta.mainProgram = "code"; };
  slack = fake "slack" "4.47.59" unfree;
  discord = fake "discord" "0.0.114" unfree;
  spotify = fake "spotify" "1.2.74" unfree;
  zoom-us = fake "zoom" "6.6.11" unfree;

  nerd-fonts = lib.genAttrs [ "jetbrains-mono" "fira-code" "symbols-only" ] (
    n: fake "nerd-fonts-${n}" "3.4.0" { }
  );
  base16-schemes = final.runCommand "base16-schemes-2025" { } ''
    mkdir -p $out/share/themes
    for name in catppuccin-mocha gruvbox-dark-hard nord; do
      printf 'system: "base16"\nname: "%s"\npalette:\n  base00: "#1e1e2e"\n  base05: "#cdd6f4"\n' $name > $out/share/themes/$name.yaml
    done
  '';
  linuxPackages = {
    kernel = final.linux;
    nvidiaPackages = lib.genAttrs [ "stable" "beta" "production" "latest" ] (
      branch: fake "nvidia-x11" "580.105.08" (unfree // { programs = [ "nvidia-smi" ]; passthru.branch = branch; })
    );
  };
  linuxPackages_latest = final.linuxPackages;
  linuxPackages_zen = final.linuxPackages;
  linuxKernel.packages.linux_6_12 = final.linuxPackages;
}
