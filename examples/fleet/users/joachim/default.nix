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

  # The theme of profiles/desktop.nix, for the programs of this home.
  stylix = {
    enable = true;
    polarity = "dark";
    base16Scheme = "${pkgs.base16-schemes}/share/themes/catppuccin-mocha.yaml";
  };
}
