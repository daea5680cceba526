{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.programs;
  aliasLines = set: lib.concatLines (lib.mapAttrsToList (k: v: "alias -- ${lib.escapeShellArg k}=${lib.escapeShellArg v}") set);
  sessionVars = ". \"${config.home.profileDirectory}/etc/profile.d/hm-session-vars.sh\"\n";
  hooks = shell:
    lib.optionalString cfg.starship.enable "eval \"$(starship init ${shell})\"\n"
    + lib.optionalString cfg.direnv.enable "eval \"$(direnv hook ${shell})\"\n";
in
{
  options.programs = {
    bash = {
      enable = on "GNU Bourne-Again SHell";
      enableCompletion = bool true;
      shellAliases = aliases;
      historyControl = strings [ ];
      historySize = opt (types.nullOr types.int) 10000;
      sessionVariables = free;
      profileExtra = lines;
      bashrcExtra = lines;
      initExtra = lines;
    };
    zsh = {
      enable = on "Z shell (Zsh)";
      enableCompletion = bool true;
      autosuggestion.enable = bool false;
      syntaxHighlighting.enable = bool false;
      autocd = opt (types.nullOr types.bool) null;
      dotDir = maybe types.str;
      shellAliases = aliases;
      sessionVariables = free;
      history.size = int 10000;
      history.save = int 10000;
      initContent = lines;
      initExtra = lines;
      oh-my-zsh.enable = on "oh-my-zsh";
      oh-my-zsh.plugins = strings [ ];
      oh-my-zsh.theme = str "";
    };
    fish = {
      enable = on "fish, the friendly interactive shell";
      shellAliases = aliases;
      shellAbbrs = free;
      shellInit = lines;
      interactiveShellInit = lines;
      plugins = opt (types.listOf types.raw) [ ];
      functions = free;
    };
  };
  config = {
    home.packages =
      lib.optional cfg.bash.enable pkgs.bash
      ++ lib.optional cfg.zsh.enable pkgs.zsh
      ++ lib.optional cfg.fish.enable pkgs.fish;
    programs.bash.shellAliases = lib.mapAttrs (_: lib.mkDefault) config.home.shellAliases;
    programs.zsh.shellAliases = lib.mapAttrs (_: lib.mkDefault) config.home.shellAliases;
    programs.fish.shellAliases = lib.mapAttrs (_: lib.mkDefault) config.home.shellAliases;
    home.file = lib.mkMerge [
      (lib.mkIf cfg.bash.enable {
        ".bashrc".text = cfg.bash.bashrcExtra + aliasLines cfg.bash.shellAliases + hooks "bash" + cfg.bash.initExtra;
        ".bash_profile".text = ". ~/.profile\n. ~/.bashrc\n";
        ".profile".text = sessionVars + cfg.bash.profileExtra;
      })
      (lib.mkIf cfg.zsh.enable {
        ".zshenv".text = sessionVars;
        ".zshrc".text = "HISTSIZE=${toString cfg.zsh.history.size}\n" + aliasLines cfg.zsh.shellAliases + hooks "zsh" + cfg.zsh.initContent + cfg.zsh.initExtra;
      })
    ];
    xdg.configFile."fish/config.fish" = lib.mkIf cfg.fish.enable {
      text = cfg.fish.shellInit + aliasLines cfg.fish.shellAliases + cfg.fish.interactiveShellInit;
    };
  };
}
