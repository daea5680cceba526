{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.programs;
  toml = pkgs.formats.toml { };
  # Programs that are only a package here.
  plain = [ "bat" "btop" "eza" "fd" "fzf" "gh" "htop" "jq" "lazygit" "ripgrep" "thunderbird" ];
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "programs" "git" "userName" ] [ "programs" "git" "settings" "user" "name" ])
    (lib.mkRenamedOptionModule [ "programs" "git" "userEmail" ] [ "programs" "git" "settings" "user" "email" ])
    (lib.mkRenamedOptionModule [ "programs" "git" "extraConfig" ] [ "programs" "git" "settings" ])
    (lib.mkRenamedOptionModule [ "programs" "git" "aliases" ] [ "programs" "git" "settings" "alias" ])
  ];
  options.programs =
    lib.genAttrs plain (n: {
      enable = on n;
      package = opt types.package pkgs.${n};
      settings = free;
    })
    // {
      home-manager.enable = on "Home Manager";
      git = {
        enable = on "Git";
        package = opt types.package pkgs.git;
        settings = opt (types.attrsOf (types.attrsOf types.anything)) { };
        ignores = strings [ ];
        lfs.enable = on "Git Large File Storage";
        includes = opt (types.listOf types.attrs) [ ];
        signing = {
          key = maybe types.str;
          signByDefault = maybe types.bool;
          format = maybe (types.enum [ "openpgp" "ssh" "x509" ]);
        };
      };
      firefox = {
        enable = on "Firefox";
        package = opt (types.nullOr types.package) pkgs.firefox;
        policies = free;
        profiles = free;
        languagePacks = strings [ ];
      };
      direnv = {
        enable = on "direnv, the environment switcher";
        nix-direnv.enable = on "nix-direnv";
        silent = bool false;
        stdlib = lines;
      };
      starship = {
        enable = on "starship";
        settings = free;
      };
      tmux = {
        enable = on "tmux";
        clock24 = bool false;
        keyMode = opt (types.enum [ "emacs" "vi" ]) "emacs";
        mouse = bool false;
        terminal = str "screen";
        prefix = maybe types.str;
        historyLimit = int 2000;
        extraConfig = lines;
        plugins = opt (types.listOf types.raw) [ ];
      };
      ssh = {
        enable = on "SSH client configuration";
        enableDefaultConfig = bool true;
        # settings.HOST.Directive; matchBlocks is the older form, with its own names.
        settings = opt (lib.hm.types.dagOf (types.attrsOf types.anything)) { };
        matchBlocks = opt (lib.hm.types.dagOf (types.attrsOf types.anything)) { };
        extraConfig = lines;
      };
      alacritty = {
        enable = on "Alacritty";
        package = opt types.package pkgs.alacritty;
        settings = free;
      };
      gpg.enable = on "GnuPG";
      zoxide.enable = on "zoxide";
      kitty.enable = on "Kitty terminal emulator";
      kitty.settings = free;
    };
  config = {
    home.packages =
      map (n: cfg.${n}.package) (lib.filter (n: cfg.${n}.enable) (plain ++ [ "git" "alacritty" ]))
      ++ lib.optional (cfg.firefox.enable && cfg.firefox.package != null) cfg.firefox.package
      ++ lib.optional cfg.direnv.enable pkgs.direnv
      ++ lib.optional cfg.starship.enable pkgs.starship
      ++ lib.optional cfg.tmux.enable pkgs.tmux
      ++ lib.optional cfg.home-manager.enable (pkgs.writeShellScriptBin "home-manager" "echo home-manager");
    programs.git.settings = lib.mkMerge [
      (lib.mkIf (cfg.git.signing.key != null) { user.signingKey = lib.mkDefault cfg.git.signing.key; })
      (lib.mkIf (cfg.git.signing.signByDefault != null) { commit.gpgSign = lib.mkDefault cfg.git.signing.signByDefault; })
      (lib.mkIf (cfg.git.signing.format != null) { gpg.format = lib.mkDefault cfg.git.signing.format; })
    ];
    xdg.configFile = {
      "git/config" = lib.mkIf (cfg.git.enable && cfg.git.settings != { }) { text = lib.generators.toGitINI cfg.git.settings; };
      "git/ignore" = lib.mkIf (cfg.git.enable && cfg.git.ignores != [ ]) { text = lib.concatLines cfg.git.ignores; };
      "starship.toml" = lib.mkIf (cfg.starship.enable && cfg.starship.settings != { }) {
        source = toml.generate "starship-config" cfg.starship.settings;
      };
      "alacritty/alacritty.toml" = lib.mkIf (cfg.alacritty.enable && cfg.alacritty.settings != { }) {
        source = toml.generate "alacritty.toml" cfg.alacritty.settings;
      };
      "tmux/tmux.conf" = lib.mkIf cfg.tmux.enable {
        text = ''
          setw -g mode-keys ${cfg.tmux.keyMode}
          set -g default-terminal "${cfg.tmux.terminal}"
          set -g history-limit ${toString cfg.tmux.historyLimit}
          set -g mouse ${if cfg.tmux.mouse then "on" else "off"}
          ${cfg.tmux.extraConfig}'';
      };
      "direnv/direnvrc" = lib.mkIf cfg.direnv.enable {
        text = lib.optionalString cfg.direnv.nix-direnv.enable "# nix-direnv\n" + cfg.direnv.stdlib;
      };
      "kitty/kitty.conf" = lib.mkIf cfg.kitty.enable { text = lib.generators.toKeyValue { } cfg.kitty.settings; };
    };
    home.file = {
      ".ssh/config" = lib.mkIf cfg.ssh.enable {
        text =
          lib.concatMapStrings (
            block:
            "Host ${block.data.host or block.name}\n"
            + lib.concatStrings (lib.mapAttrsToList (k: v: if builtins.isAttrs v then "" else "  ${k} ${lib.generators.mkValueStringDefault { } v}\n") (removeAttrs block.data [ "host" ]))
          ) (lib.hm.dag.topoSort (cfg.ssh.settings // cfg.ssh.matchBlocks))
          + cfg.ssh.extraConfig;
      };
      ".mozilla/firefox/profiles.ini" = lib.mkIf (cfg.firefox.enable && cfg.firefox.profiles != { }) {
        text = lib.generators.toINI { } (
          lib.listToAttrs (
            lib.imap0 (n: name: lib.nameValuePair "Profile${toString n}" {
              Name = name;
              Path = name;
              Default = cfg.firefox.profiles.${name}.isDefault or (n == 0);
            }) (lib.attrNames cfg.firefox.profiles)
          )
        );
      };
    };
  };
}
