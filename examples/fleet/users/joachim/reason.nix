# joachim on reason: the big screen.
{ pkgs, ... }:
{
  imports = [ ./default.nix ];

  home.packages = [ pkgs.inkscape ];
  programs.alacritty = {
    enable = true;
    settings.window.opacity = 0.95;
  };
}
