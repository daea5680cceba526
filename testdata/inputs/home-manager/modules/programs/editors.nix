{ lib, config, pkgs, ... }:
with import ../helpers.nix { inherit lib; };
let
  cfg = config.programs;
  plugins = opt (types.listOf types.raw) [ ];
in
{
  options.programs = {
    vim = {
      enable = on "Vim";
      defaultEditor = bool false;
      settings = free;
      plugins = plugins;
      extraConfig = lines;
    };
    neovim = {
      enable = on "Neovim";
      package = opt types.package pkgs.neovim;
      defaultEditor = bool false;
      viAlias = bool false;
      vimAlias = bool false;
      plugins = plugins;
      extraPackages = packages;
      extraConfig = lines;
      extraLuaConfig = lines;
    };
    helix = {
      enable = on "helix text editor";
      defaultEditor = bool false;
      settings = free;
      extraPackages = packages;
    };
    vscode.enable = on "Visual Studio Code";
    vscode.profiles = free;
  };
  config = {
    home.packages =
      lib.optional cfg.vim.enable pkgs.vim
      ++ lib.optionals cfg.neovim.enable ([ cfg.neovim.package ] ++ cfg.neovim.extraPackages)
      ++ lib.optional cfg.helix.enable pkgs.helix
      ++ lib.optional cfg.vscode.enable pkgs.vscode;
    home.sessionVariables = lib.mkMerge [
      (lib.mkIf (cfg.neovim.enable && cfg.neovim.defaultEditor) { EDITOR = "nvim"; })
      (lib.mkIf (cfg.vim.enable && cfg.vim.defaultEditor) { EDITOR = "vim"; })
      (lib.mkIf (cfg.helix.enable && cfg.helix.defaultEditor) { EDITOR = "hx"; })
    ];
    home.file.".vimrc" = lib.mkIf cfg.vim.enable {
      text = lib.concatLines (lib.mapAttrsToList (k: v: if v == true then "set ${k}" else if v == false then "set no${k}" else "set ${k}=${toString v}") cfg.vim.settings) + cfg.vim.extraConfig;
    };
    xdg.configFile = {
      "nvim/init.vim" = lib.mkIf (cfg.neovim.enable && cfg.neovim.extraConfig != "") { text = cfg.neovim.extraConfig; };
      "nvim/init.lua" = lib.mkIf (cfg.neovim.enable && cfg.neovim.extraLuaConfig != "") { text = cfg.neovim.extraLuaConfig; };
      "helix/config.toml" = lib.mkIf (cfg.helix.enable && cfg.helix.settings != { }) {
        source = (pkgs.formats.toml { }).generate "helix-config" cfg.helix.settings;
      };
    };
  };
}
