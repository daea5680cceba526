# joachim on reason: the big screen.
{ pkgs, ... }:
{
  imports = [ ./default.nix ];

  home.packages = [ pkgs.inkscape ];
  programs.alacritty.enable = true;
  stylix.opacity.terminal = 0.95;
}
