# joachim, on every host.
{ pkgs, ... }:
{
  imports = [ ../shared ];

  home.packages = [
    pkgs.jq
    pkgs.ripgrep
  ];
  home.sessionVariables.EDITOR = "vim";

  programs.vim.enable = true;
  programs.git.settings.user = {
    name = "Joachim";
    email = "joachim@example.org";
  };
  programs.direnv = {
    enable = true;
    nix-direnv.enable = true;
  };
}
